"""`shop-dev clock`: the time of a sandbox's services."""
