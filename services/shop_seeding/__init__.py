"""A shop's worth of products for a sandbox: what `up` fills an empty one with, and `shop-dev seed` any."""
