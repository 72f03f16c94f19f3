"""Who visits the shop and how often, in plain Python."""
