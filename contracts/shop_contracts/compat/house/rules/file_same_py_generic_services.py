"""FILE_SAME_PY_GENERIC_SERVICES: A file keeps its option py_generic_services."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("py_generic_services", why="Python stubs for services appear or vanish.")
