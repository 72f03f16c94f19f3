"""FILE_SAME_CC_GENERIC_SERVICES: A file keeps its option cc_generic_services."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("cc_generic_services", why="C++ stubs for services appear or vanish.")
