"""FILE_SAME_JAVA_OUTER_CLASSNAME: A file keeps its option java_outer_classname."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("java_outer_classname", why="Java code refers to the outer class by name.")
