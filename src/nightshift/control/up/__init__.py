"""`nightshift up`, `status` and `down`: a fleet on this machine that lives as long as its command."""
