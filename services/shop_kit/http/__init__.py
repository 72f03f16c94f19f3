"""REST for services: Starlette with msgspec bodies, problem+json errors, tracing, limits and graceful stop."""

from shop_kit.http.bodies import json, read_body, read_query
from shop_kit.http.problems import FieldFault, Problem

__all__ = ["FieldFault", "Problem", "json", "read_body", "read_query"]
