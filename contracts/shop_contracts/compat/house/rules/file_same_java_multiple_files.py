"""FILE_SAME_JAVA_MULTIPLE_FILES: A file keeps its option java_multiple_files."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("java_multiple_files", why="Java classes move into or out of the outer class.")
