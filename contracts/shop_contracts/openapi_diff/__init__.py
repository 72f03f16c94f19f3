"""Breaking changes between two versions of an OpenAPI document: requests may only widen, responses only narrow."""

from shop_contracts.openapi_diff.documents import Api, open_api
from shop_contracts.openapi_diff.fault import InvalidOpenapi
from shop_contracts.openapi_diff.judge import diff
from shop_contracts.openapi_diff.report import Finding, Location, Report
from shop_contracts.openapi_diff.rules.rule import Level

__all__ = ["Api", "Finding", "InvalidOpenapi", "Level", "Location", "Report", "diff", "open_api"]
