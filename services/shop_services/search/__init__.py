"""Search: what visitors find, made from what catalog, pricing and inventory tell."""
