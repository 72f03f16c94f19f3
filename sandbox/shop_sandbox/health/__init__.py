"""Semantic readiness: a resource is ready when it has done its real work once."""
