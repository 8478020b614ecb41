"""Two result folders beside each other: what changed, and whether it is more than noise."""
