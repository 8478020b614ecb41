"""What a service shall be: read from its file (`read`), and used everywhere as one value (`spec`)."""
