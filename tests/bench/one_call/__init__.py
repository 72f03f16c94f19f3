"""Journeys for a target that does nothing: what is measured is whoever measures."""
