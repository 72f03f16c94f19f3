"""REST for services: Starlette with msgspec bodies, problem+json errors, tracing, limits and graceful stop."""

from shop_kit.errors import FieldFault
from shop_kit.http.access import Anybody, AnybodyOrCaller, GuardedRoute, Scope, caller
from shop_kit.http.bodies import json, read_body, read_query
from shop_kit.http.problems import Problem

__all__ = [
    "Anybody",
    "AnybodyOrCaller",
    "FieldFault",
    "GuardedRoute",
    "Problem",
    "Scope",
    "caller",
    "json",
    "read_body",
    "read_query",
]
