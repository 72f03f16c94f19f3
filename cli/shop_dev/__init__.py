"""The command line of shop-dev."""
