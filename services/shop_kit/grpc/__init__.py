"""gRPC beside HTTP: the same deadlines, correlation, traces, metrics, readiness and errors, in gRPC's words."""

from shop_kit.grpc.access import Anybody, Scope
from shop_kit.grpc.server import GrpcService, serving_grpc

__all__ = ["Anybody", "GrpcService", "Scope", "serving_grpc"]
