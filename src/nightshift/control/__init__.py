"""Services: the file that describes one, and what starts, watches and ends it on this machine."""
