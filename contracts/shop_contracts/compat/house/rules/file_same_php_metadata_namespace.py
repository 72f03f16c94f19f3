"""FILE_SAME_PHP_METADATA_NAMESPACE: A file keeps its option php_metadata_namespace."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("php_metadata_namespace", why="PHP code loads the metadata by namespace.")
