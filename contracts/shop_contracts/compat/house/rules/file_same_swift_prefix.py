"""FILE_SAME_SWIFT_PREFIX: A file keeps its option swift_prefix."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("swift_prefix", why="Swift code refers to the types by prefix.")
