"""FILE_SAME_JAVA_GENERIC_SERVICES: A file keeps its option java_generic_services."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("java_generic_services", why="Java stubs for services appear or vanish.")
