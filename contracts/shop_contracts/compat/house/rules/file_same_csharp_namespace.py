"""FILE_SAME_CSHARP_NAMESPACE: A file keeps its option csharp_namespace."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("csharp_namespace", why="C# code refers to the generated types by namespace.")
