"""FILE_SAME_OPTIMIZE_FOR: A file keeps its option optimize_for."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("optimize_for", why="The lite runtime lacks reflection that callers may use.")
