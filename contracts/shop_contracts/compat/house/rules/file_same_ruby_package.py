"""FILE_SAME_RUBY_PACKAGE: A file keeps its option ruby_package."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("ruby_package", why="Ruby code refers to the modules by package.")
