"""FILE_SAME_PHP_NAMESPACE: A file keeps its option php_namespace."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("php_namespace", why="PHP code refers to the classes by namespace.")
