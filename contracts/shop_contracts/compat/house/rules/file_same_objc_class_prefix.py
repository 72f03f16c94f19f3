"""FILE_SAME_OBJC_CLASS_PREFIX: A file keeps its option objc_class_prefix."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("objc_class_prefix", why="Objective-C code refers to the classes by prefix.")
