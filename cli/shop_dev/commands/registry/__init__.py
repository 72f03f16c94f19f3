"""`shop-dev registry`: schemas moved between registries."""
