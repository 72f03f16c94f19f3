"""The guard against reuse: what meant something once never comes to mean something else, over the whole history."""

from __future__ import annotations

from typing import Any

from shop_contracts.compat.house.reuse import (
    enum_name_no_reuse,
    enum_number_no_reuse,
    extension_number_no_reuse,
    field_name_no_reuse,
    field_names_no_swap,
    field_number_no_reuse,
    reserved_enum_name_no_use,
    reserved_enum_number_no_use,
    reserved_name_no_use,
    reserved_number_no_use,
    root_message_no_delete,
)
from shop_contracts.compat.house.rule import Rule

RULES: tuple[Rule[Any], ...] = (
    field_number_no_reuse.RULE,
    field_name_no_reuse.RULE,
    reserved_number_no_use.RULE,
    reserved_name_no_use.RULE,
    extension_number_no_reuse.RULE,
    enum_number_no_reuse.RULE,
    enum_name_no_reuse.RULE,
    reserved_enum_number_no_use.RULE,
    reserved_enum_name_no_use.RULE,
    field_names_no_swap.RULE,
    root_message_no_delete.RULE,
)
