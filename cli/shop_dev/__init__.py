"""The command line of shop-dev: it drives the sandbox, the shop and the checks, and tells people and scripts about it."""

__version__ = "0.1.0"
