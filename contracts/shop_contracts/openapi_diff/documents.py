"""OpenAPI documents as trees of nodes that know where they stand, with references followed inside one folder only."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from shop_contracts.files import real_path
from shop_contracts.openapi_diff.fault import InvalidOpenapi
from shop_contracts.openapi_diff.reading import Pointer, lines_of, parse, read_text

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")
_NUMBERS = count()
Place = tuple[int, Pointer]
_VERSION = re.compile(r"3\.(0|1|2)\.\d+\Z")


class Document:
    """One file: its data, and its text for finding lines."""

    def __init__(self, path: Path, tree: Tree, text: str) -> None:
        self.path = path
        self.number = next(_NUMBERS)
        self.tree = tree
        self.text = text
        self.data: Any = parse(text, path)

    def at(self, pointer: Pointer) -> Any:
        """Return the value at a pointer. Raises LookupError when nothing is there."""
        value = self.data
        for part in pointer:
            value = value[int(part)] if isinstance(value, list) and part.isdigit() else value[part]
        return value

    def line(self, pointer: Pointer) -> int:
        """Return the line (from 1) of the value at `pointer`, or of the nearest part above it."""
        return lines_of(self.text, self.path, {pointer})[pointer]

    def anchors(self) -> dict[str, Pointer]:
        """Return where each `$anchor` of the file stands, and each `$dynamicAnchor` that stands once."""
        found: dict[str, Pointer] = {}
        dynamic: dict[str, list[Pointer]] = {}
        waiting: list[tuple[Pointer, Any]] = [((), self.data)]
        while waiting:
            pointer, value = waiting.pop()
            if isinstance(value, dict):
                if isinstance(value.get("$anchor"), str):
                    found[value["$anchor"]] = pointer
                if isinstance(value.get("$dynamicAnchor"), str):
                    dynamic.setdefault(value["$dynamicAnchor"], []).append(pointer)
                waiting += [((*pointer, str(key)), below) for key, below in value.items()]
            elif isinstance(value, list):
                waiting += [((*pointer, str(index)), below) for index, below in enumerate(value)]
        return {name: places[0] for name, places in dynamic.items() if len(places) == 1} | found


class Tree:
    """The documents of one version: an entry file and what it refers to, all of them below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = real_path(folder)
        self._documents: dict[Path, Document] = {}
        self._targets: dict[tuple[int, str], Node] = {}

    def open(self, path: Path, text: str | None = None) -> Document:
        """Return a document of the tree, read once. Raises InvalidOpenapi."""
        found = self._documents.get(path)
        if found is None:
            found = self._documents[path] = Document(path, self, read_text(path) if text is None else text)
        return found

    def follow(self, node: Node) -> Node:
        """Return what the node's `$ref` leads to in one step. Raises InvalidOpenapi when it leads nowhere or out of the tree."""
        reference = node.value["$ref"]
        if not isinstance(reference, str):
            raise node.fault("$ref", "`$ref` is not text", "write `$ref: '#/components/…'`")
        known = self._targets.get((node.document.number, reference))
        if known is None:
            known = self._targets[node.document.number, reference] = self._target(node, reference)
        return known

    def _target(self, node: Node, reference: str) -> Node:
        file, _, fragment = reference.partition("#")
        document = node.document
        if file:
            if _REMOTE.match(file):
                raise node.fault("$ref", f"{reference!r} is on the network", "references are followed in local files only: copy it")
            path = Path(node.document.path.parent, unquote(file))
            if not real_path(path).is_relative_to(self.folder):
                raise node.fault("$ref", f"{reference!r} leaves {self.folder}", "keep what is referred to in the same tree")
            try:
                document = self.open(path)
            except InvalidOpenapi as error:
                if error.line:
                    raise
                raise node.fault("$ref", f"{reference!r}: {error.reason}", error.hint) from error
        if fragment and not fragment.startswith("/"):
            pointer = document.anchors().get(fragment)
            if pointer is None:
                raise node.fault("$ref", f"nothing is at {reference!r}", "check the spelling")
        else:
            pointer = tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:])
        try:
            return Node(document, pointer, document.at(pointer))
        except (LookupError, TypeError) as error:
            raise node.fault("$ref", f"nothing is at {reference!r}", "check the spelling, and that it was not removed") from error


class Node:
    """A value with its place: the file it stands in and the pointer to it."""

    __slots__ = ("document", "pointer", "value")

    def __init__(self, document: Document, pointer: Pointer, value: Any) -> None:
        self.document, self.pointer, self.value = document, pointer, value

    @property
    def key(self) -> Place:
        """What tells this place from others, in whichever document."""
        return self.document.number, self.pointer

    def resolved(self) -> Node:
        """Return what is meant: the node itself, or what its chain of `$ref` ends in. Raises InvalidOpenapi on a circle."""
        node, seen = self, {self.key}
        while isinstance(node.value, dict) and "$ref" in node.value:
            node = self.document.tree.follow(node)
            if node.key in seen:
                raise self.fault("$ref", f"{self.value['$ref']!r} leads in a circle", "let one of them say something itself")
            seen.add(node.key)
        return node

    def get(self, key: str) -> Node | None:
        """Return what stands at `key`, references followed; None when nothing or null does."""
        value = self.mapping().get(key)
        return None if value is None else Node(self.document, (*self.pointer, key), value).resolved()

    def members(self, key: str) -> dict[str, Node]:
        """Return the members of the mapping at `key`, references followed; none when nothing is there."""
        below = self.get(key)
        if below is None:
            return {}
        return {str(name): below.child(name, value).resolved() for name, value in below.mapping().items()}

    def elements(self, key: str) -> list[Node]:
        """Return the elements of the list at `key`, references followed; none when nothing is there."""
        below = self.get(key)
        if below is None:
            return []
        if not isinstance(below.value, list):
            raise below.fault(None, f"`{key}` is no list", "see the OpenAPI specification")
        return [below.child(str(index), one).resolved() for index, one in enumerate(below.value)]

    def child(self, key: str, value: Any) -> Node:
        """Return the place below, as it stands there: a reference is not followed."""
        return Node(self.document, (*self.pointer, key), value)

    def mapping(self) -> dict[str, Any]:
        """Return the value, which must be a mapping. Raises InvalidOpenapi."""
        if not isinstance(self.value, dict):
            raise self.fault(
                None, f"{'/'.join(self.pointer[-1:]) or 'the document'} is no mapping", "see the OpenAPI specification"
            )
        return self.value

    def flag(self, key: str) -> bool:
        """Return whether `key` says true."""
        return self.mapping().get(key) is True

    def fault(self, key: str | None, reason: str, hint: str) -> InvalidOpenapi:
        """Return an error that points at `key` in this node."""
        pointer = self.pointer if key is None else (*self.pointer, key)
        return InvalidOpenapi(self.document.path, self.document.line(pointer), reason, hint)


class PathItem(Node):
    """A path item with a `$ref` beside words of its own: those count, and what it refers to says the rest (OpenAPI 3.1)."""

    __slots__ = ("_own", "_referred")

    def __init__(self, own: Node, referred: Node) -> None:
        said = {key: value for key, value in own.mapping().items() if key != "$ref"}
        super().__init__(own.document, own.pointer, {**referred.mapping(), **said})
        self._own, self._referred = own, referred

    def child(self, key: str, value: Any) -> Node:
        """Return the place below, where it really stands."""
        return (self._own if key in self._own.value else self._referred).child(key, value)

    def get(self, key: str) -> Node | None:
        """Return what stands at `key`, references followed; None when nothing or null does."""
        return self._own.get(key) if key in self._own.value else self._referred.get(key)


def path_items(root: Node, key: str) -> dict[str, Node]:
    """Return the path items at `paths` or `webhooks`. Raises InvalidOpenapi."""
    below = root.get(key)
    if below is None:
        return {}
    found: dict[str, Node] = {}
    for name, value in below.mapping().items():
        node = below.child(name, value)
        if isinstance(value, dict) and "$ref" in value and len(value) > 1:
            found[str(name)] = PathItem(node, node.resolved())
        else:
            found[str(name)] = node.resolved()
    return found


class Api:
    """One version of an API: the entry document of a tree, of an OpenAPI version that is understood."""

    def __init__(self, document: Document) -> None:
        self.root = Node(document, (), document.data)
        version = self.root.mapping().get("openapi")
        if not isinstance(version, str) or not _VERSION.match(version):
            if "swagger" in self.root.value:
                version = self.root.value["swagger"]
                reason = f"it is of Swagger {version}: convert it to OpenAPI 3 first, with `npx swagger2openapi` for instance"
            elif version is None:
                reason = "it does not say `openapi: …`"
            else:
                reason = f"the version {version!r} is not known"
            key = next((key for key in ("openapi", "swagger") if key in self.root.value), None)
            raise self.root.fault(key, reason, "OpenAPI 3.0, 3.1 and 3.2 can be compared")
        self.version = version
        self.is_3_0 = version.startswith("3.0.")


def open_api(path: Path, *, folder: Path | None = None, text: str | None = None) -> Api:
    """Return the API that a file describes. References stay below `folder`, by default the folder of the file.

    `text` stands for the file's content when it is at hand already. Raises InvalidOpenapi naming file and line.
    """
    return Api(Tree(path.parent if folder is None else folder).open(path, text))
