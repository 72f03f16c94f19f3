"""The 26 difference types, one file each, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.rules import (
    enum_added,
    enum_const_added,
    enum_const_changed,
    enum_const_removed,
    enum_removed,
    field_added,
    field_kind_changed,
    field_moved_to_existing_oneof,
    field_name_changed,
    field_named_type_changed,
    field_numeric_label_changed,
    field_removed,
    field_scalar_kind_changed,
    field_string_or_bytes_label_changed,
    message_added,
    message_moved,
    message_removed,
    multiple_fields_moved_to_oneof,
    oneof_added,
    oneof_field_added,
    oneof_field_moved_to_top_level,
    oneof_field_removed,
    oneof_removed,
    package_changed,
    required_field_added,
    required_field_removed,
)

RULES: tuple[Rule[Any], ...] = (
    package_changed.RULE,
    message_added.RULE,
    message_removed.RULE,
    message_moved.RULE,
    enum_added.RULE,
    enum_removed.RULE,
    enum_const_added.RULE,
    enum_const_removed.RULE,
    enum_const_changed.RULE,
    oneof_field_moved_to_top_level.RULE,
    field_added.RULE,
    required_field_added.RULE,
    field_removed.RULE,
    required_field_removed.RULE,
    field_name_changed.RULE,
    field_kind_changed.RULE,
    field_scalar_kind_changed.RULE,
    field_named_type_changed.RULE,
    field_numeric_label_changed.RULE,
    field_string_or_bytes_label_changed.RULE,
    oneof_added.RULE,
    oneof_removed.RULE,
    oneof_field_added.RULE,
    oneof_field_removed.RULE,
    multiple_fields_moved_to_oneof.RULE,
    field_moved_to_existing_oneof.RULE,
)

BY_SUBJECT: Mapping[type, tuple[Rule[Any], ...]] = {
    subject: tuple(rule for rule in RULES if rule.on is subject) for subject in {rule.on for rule in RULES}
}
