"""Journeys of any service that has an OpenAPI document: a package like those that projects declare."""
