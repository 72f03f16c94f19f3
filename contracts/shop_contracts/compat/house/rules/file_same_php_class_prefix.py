"""FILE_SAME_PHP_CLASS_PREFIX: A file keeps its option php_class_prefix."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("php_class_prefix", why="PHP code refers to the classes by prefix.")
