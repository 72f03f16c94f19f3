"""Whatever is done to a manifest, it loads or is refused: there is no third way. And types and schema say the same."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.checkout_tree import GLOBS, POST, STOCK, TILLS, CheckoutTree
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.manifest.document import NotPlainYaml, read_document
from shop_sandbox.manifest.form import Service
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.manifest.schema import broken_rules

WORDS = [
    "name",
    "needs",
    "topics",
    "fargate",
    "stock",
    "tills",
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "&a ",
    "*a",
    "!!int ",
    "\t",
    '"',
    "'",
    "#",
    "~",
    "1e9",
    "\n",
]
MANIFESTS = (STOCK, TILLS, POST)


@pytest.fixture(scope="module")
def tree() -> Iterator[CheckoutTree]:
    with tempfile.TemporaryDirectory() as root:
        yield CheckoutTree.plant(Path(root))


@st.composite
def mutilated_text(draw: st.DrawFn) -> str:
    """A manifest with some stretches of its text replaced."""
    text = draw(st.sampled_from(MANIFESTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        put = draw(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)))
        text = text[:start] + put + text[end:]
    return text


@settings(max_examples=300, deadline=None)
@given(text=mutilated_text())
def test_a_mutilated_manifest_loads_or_is_refused(tree: CheckoutTree, text: str) -> None:
    (tree.root / "services/stock/service.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))

    try:
        load_manifests(tree.root, GLOBS)
    except SandboxError as error:
        assert error.code is ErrorCode.MANIFEST_INVALID
        assert error.detail["faults"]


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 100_000),
    st.floats(allow_nan=False, width=32),
    st.sampled_from(["", "a", "stock", "Wrong Name", "/x", "a.b:c", "S", "ALL", "x" * 300]),
    st.just([]),
    st.just({}),
    st.just({"name": "x"}),
)


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from _places(value, (*path, key))


@st.composite
def changed_data(draw: st.DrawFn) -> Any:
    """A manifest's data with one or two parts replaced, removed, renamed or doubled."""
    data: Any = copy.deepcopy(read_document(draw(st.sampled_from(MANIFESTS))).data)
    for _ in range(draw(st.integers(1, 2))):
        *above, last = draw(st.sampled_from(sorted(_places(data), key=repr)))
        parent = data
        for step in above:
            parent = parent[step]
        match draw(st.sampled_from(["replace", "remove", "rename", "double"])):
            case "replace":
                parent[last] = draw(PLAIN)
            case "remove":
                del parent[last]
            case "rename" if isinstance(parent, dict):
                parent[f"{last}x"] = parent.pop(last)
            case "double" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[last]))
    return data


@settings(max_examples=400, deadline=None)
@given(data=changed_data())
def test_the_types_and_the_schema_agree_on_what_is_right(data: Any) -> None:
    try:
        service: Service | None = msgspec.convert(data, Service)
    except msgspec.ValidationError:
        service = None
    runtimes = [service.runtime, *(worker.runtime for worker in service.workers)] if service else []
    one_way_each = all(one is None or (one.python is None) != (one.command is None) for one in runtimes)

    assert (service is not None and one_way_each) == (not list(broken_rules(data)))


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,?\n\t 0~.<"), max_size=60))
def test_any_text_is_read_as_plain_data_or_refused_with_a_place(text: str) -> None:
    try:
        read_document(text)
    except NotPlainYaml as error:
        assert error.line >= 1
        assert error.column >= 1
        assert error.message
