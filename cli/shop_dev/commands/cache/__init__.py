"""`shop-dev cache`: what the sandboxes of all checkouts share on this machine."""
