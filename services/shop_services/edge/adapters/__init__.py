"""How the front door meets HTTP, Redis and the services behind it."""
