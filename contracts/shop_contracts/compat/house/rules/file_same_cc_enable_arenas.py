"""FILE_SAME_CC_ENABLE_ARENAS: A file keeps its option cc_enable_arenas."""

from __future__ import annotations

from shop_contracts.compat.house.file_options import same_file_option

RULE = same_file_option("cc_enable_arenas", why="C++ code allocates on arenas or not.")
