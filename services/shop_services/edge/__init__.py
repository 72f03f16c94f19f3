"""The front door: it knows who is asking, bounds how often, and hands requests to the services behind it."""
