"""Compatibility of Protobuf schemas: `check` is the front door, in Confluent's semantics or in the house's stricter ones."""

from shop_contracts.compat.check import check
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.report import Finding, Mode, Report
from shop_contracts.compat.schema import Reference, Schema

__all__ = ["Direction", "Finding", "Level", "Mode", "Reference", "Report", "Schema", "check"]
