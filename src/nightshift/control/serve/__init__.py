"""`nightshift serve`: whole services, run by a controller. The commands, and what they print."""
