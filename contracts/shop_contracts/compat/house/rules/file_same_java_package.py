"""FILE_SAME_JAVA_PACKAGE: A file keeps its option java_package."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("java_package", why="Java code imports the generated classes by package.")
