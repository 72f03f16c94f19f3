"""Pricing: price lists, promotions, coupons, tax, shipping, and quotes that are signed and expire."""
