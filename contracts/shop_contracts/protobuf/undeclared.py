"""Sources with custom options that nothing declares: Confluent's registry holds them, the compiler refuses them.

They are compiled without those options, which say nothing about the bytes of a record.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Set
from dataclasses import dataclass

from shop_contracts.protobuf.compiled import CompiledProto, InvalidProto, Problem
from shop_contracts.protobuf.compiler import compile_proto

_MAIN = "schema.proto"
_UNKNOWN = re.compile(r'Option "\((?P<name>[^)]+)\)[^"]*" unknown\.')
_ROUNDS = 200
"""The compiler may name one option a time."""
_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[A-Za-z0-9_.]+|\S""",
    re.DOTALL,
)
_OPENING, _CLOSING = frozenset("{[("), frozenset("}])")


@dataclass(frozen=True)
class Lenient:
    """A file as it was compiled, and the names of the options that had to be left out of it, sorted."""

    compiled: CompiledProto
    undeclared: tuple[str, ...]


def compile_leniently(text: str, references: Mapping[str, str], *, isolated: bool = False) -> Lenient:
    """Compile as `compile_proto` does, but without options that nothing declares. Raises InvalidProto for all else."""
    main = _MAIN
    while main in references:
        main = f"_{main}"
    sources = {**references, main: text}
    undeclared: dict[str, set[str]] = {}
    for _ in range(_ROUNDS):
        try:
            compiled = compile_proto(sources[main], {name: sources[name] for name in references}, name=main, isolated=isolated)
        except InvalidProto as error:
            for file, names in _only_undeclared(error, undeclared).items():
                undeclared.setdefault(file, set()).update(names)
                sources[file] = _without(sources[file], names)
        else:
            return Lenient(compiled, tuple(sorted(undeclared.get(main, ()))))
    raise InvalidProto([Problem(main, 0, 0, f"More than {_ROUNDS} custom options are not declared.")])


def _only_undeclared(error: InvalidProto, known: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the options of the files in which nothing else is wrong. Raises the error again when there is no such file.

    What is wrong in another file may come of these: it does not find what they define.
    """
    found: dict[str, set[str]] = {}
    others: set[str] = set()
    for problem in error.problems:
        match = _UNKNOWN.search(problem.message)
        if match is None or match["name"] in known.get(problem.file, ()):
            others.add(problem.file)
        else:
            found.setdefault(problem.file, set()).add(match["name"])
    if not found.keys() - others:
        raise error
    return {file: names for file, names in found.items() if file not in others}


def tokens_of(text: str) -> bytes:
    """Return a source without comments and layout: what tells two sources apart whose options the compiler has not seen."""
    return b" ".join(token.group().encode() for token in _tokens(text))


def _tokens(text: str) -> list[re.Match[str]]:
    return [token for token in _TOKEN.finditer(text) if not token.group().startswith(("//", "/*"))]


def _without(text: str, names: Set[str]) -> str:
    pieces, position = [], 0
    for start, end, kept in _replacements(text, names):
        pieces += [text[position:start], kept]
        position = end
    return "".join([*pieces, text[position:]])


def _replacements(text: str, names: Set[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the places where options stand, each with what is left there: statements, and lists in brackets."""
    tokens = _tokens(text)
    at, before = 0, ";"
    while at < len(tokens):
        word = tokens[at].group()
        if word == "option" and before in {";", "{", "}"}:
            end = _end_of(tokens, at, {";"})
            if _name_at(tokens, at + 1) in names:
                yield tokens[at].start(), tokens[end].end(), ""
            at, before = end + 1, ";"
            continue
        if word == "[":
            end = yield from _list_replacement(text, tokens, at, names)
            at, before = end + 1, "]"
            continue
        before = word
        at += 1


def _list_replacement(
    text: str, tokens: list[re.Match[str]], opening: int, names: Set[str]
) -> Generator[tuple[int, int, str], None, int]:
    kept, at, is_changed = [], opening + 1, False
    while True:
        end = _end_of(tokens, at, {",", "]"})
        if _name_at(tokens, at) in names:
            is_changed = True
        else:
            kept.append(text[tokens[at].start() : tokens[end].start()])
        if tokens[end].group() != "," or end + 1 >= len(tokens):
            break
        at = end + 1
    if is_changed:
        yield tokens[opening].start(), tokens[end].end(), f"[{','.join(kept)}]" if kept else ""
    return end


def _end_of(tokens: list[re.Match[str]], start: int, ends: set[str]) -> int:
    """Return the place of the first token of `ends` that is not within brackets, or the last place there is."""
    depth = 0
    for at in range(start, len(tokens)):
        word = tokens[at].group()
        if depth == 0 and word in ends:
            return at
        depth += (word in _OPENING) - (word in _CLOSING)
    return len(tokens) - 1


def _name_at(tokens: list[re.Match[str]], at: int) -> str | None:
    """Return the name in parentheses that starts at a place, or None."""
    if at >= len(tokens) or tokens[at].group() != "(":
        return None
    end = _end_of(tokens, at + 1, {")"})
    return "".join(token.group() for token in tokens[at + 1 : end])
