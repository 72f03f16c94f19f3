"""Load on the shop: journeys, shapes, profiles, thresholds."""
