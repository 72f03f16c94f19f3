"""YAML as plain data, the way Terraform's `yamldecode` reads it."""

from __future__ import annotations

import pytest
from shop_sandbox.manifest.document import NotPlainYaml, read_document


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("5", 5),
        ("-7", -7),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("12:30", "12:30"),
        ('"5"', "5"),
        ("'true'", "true"),
        ("|\n  SELECT 1\n", "SELECT 1"),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: 2}}", {"a": {"b": 2}}),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(written: str, read: object) -> None:
    assert read_document(f"value: {written}").data == {"value": read}


def test_a_value_is_found_where_it_stands() -> None:
    document = read_document("a: 1\nb:\n  - c\n  - d: 2\n")

    assert document.place(("b", 1, "d")) == (4, 5)
    assert document.place(("b", 0)) == (3, 5)


def test_something_missing_is_placed_at_what_it_is_missing_from() -> None:
    document = read_document("a: 1\nb:\n  c: 1\n")

    assert document.place(("b", "x", "y")) == (2, 1)


def test_an_empty_file_is_an_empty_document() -> None:
    assert read_document("# nothing\n").data is None


def test_a_key_that_is_no_word_is_refused() -> None:
    with pytest.raises(NotPlainYaml, match="a key must be a plain word"):
        read_document("? [a, b]\n: 1\n")


def test_the_first_of_two_values_counts_and_the_second_is_told() -> None:
    document = read_document("a: 1\na: 2\n")

    assert document.data == {"a": 1}
    assert document.duplicates == [(("a",), (2, 1))]
