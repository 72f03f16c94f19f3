"""FILE_SAME_GO_PACKAGE: A file keeps its option go_package."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("go_package", why="Go code imports the generated package by path.")
