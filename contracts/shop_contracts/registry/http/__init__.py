"""The registry's REST API, as Confluent documents it for v1: a file a resource."""

from shop_contracts.registry.http.application import application
from shop_contracts.registry.http.requests import MAX_BODY_BYTES

__all__ = ["MAX_BODY_BYTES", "application"]
