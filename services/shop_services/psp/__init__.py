"""A stand-in for the payment service provider: it never runs but in sandboxes."""
