"""A ladder of load: the same comparison at each step, and where each system's knee is."""
