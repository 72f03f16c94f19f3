"""Random .proto sources that are valid by construction, with everything a file can say, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

SCALARS = ["int32", "int64", "uint32", "sint64", "fixed32", "sfixed64", "bool", "string", "bytes", "double", "float"]
KEYS = ["int32", "uint64", "sint32", "bool", "string", "fixed64"]
PACKAGES = ["", "shop", "shop.orders.v1", "a.b", "b.a"]
OPTIONS = """
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions { optional Note note = 50001; repeated sint32 numbers = 50002; optional Kind kind = 50003; }
extend google.protobuf.MessageOptions { optional bytes raw = 50001; optional double ratio = 50004; }
message Note {
  optional string text = 1;
  repeated Note notes = 2;
  map<string, int64> counts = 3;
  optional float weight = 4;
  extensions 100 to 199;
}
extend Note { optional string aside = 100; }
enum Kind { PLAIN = 0; FANCY = 7; }
"""
"""A proto2 file `options.proto` in the package `opt`, with options to use."""
REFERENCES = {"options.proto": f'syntax = "proto2"; package opt; {OPTIONS}'}


@st.composite
def sources(draw: st.DrawFn) -> str:
    """The text of one file; its imports are in REFERENCES or well known."""
    syntax = draw(st.sampled_from(['syntax = "proto2";', 'syntax = "proto3";', 'edition = "2023";']))
    package = draw(st.sampled_from(PACKAGES))
    writer = _Writer(draw, syntax, package)
    return writer.file()


class _Writer:
    def __init__(self, draw: st.DrawFn, syntax: str, package: str) -> None:
        self._draw = draw
        self._proto2 = "proto2" in syntax
        self._proto3 = "proto3" in syntax
        self._head = syntax + (f"\npackage {package};" if package else "")
        self._package = package
        self._types = ["google.protobuf.Timestamp", "opt.Note"]
        self._count = 0

    def _chance(self) -> bool:
        return self._draw(st.booleans())

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def file(self) -> str:
        imports = 'import "google/protobuf/timestamp.proto";\nimport "options.proto";'
        options = ""
        if self._chance():
            options = f"option java_package = {self._text()};\noption java_multiple_files = true;\noption optimize_for = CODE_SIZE;"
        body = [self._message("", 0) for _ in range(self._draw(st.integers(0, 3)))]
        if self._chance():
            body.append(self._enum())
        if self._chance() and len(self._types) > 2:
            body.append(self._service())
        if self._proto2 and self._chance():
            body.append("extend opt.Note { optional int32 far = 150; repeated group Far2 = 151 { optional bool yes = 1; } }")
        self._draw(st.permutations(body))
        return "\n".join([self._head, imports, options, *body])

    def _text(self) -> str:
        raw: str = self._draw(st.text(alphabet=st.characters(codec="utf-8"), max_size=6))
        return (
            '"' + "".join(c if c.isalnum() and c.isascii() else "".join(f"\\{byte:03o}" for byte in c.encode()) for c in raw) + '"'
        )

    def _message(self, scope: str, depth: int) -> str:
        name = self._name("M")
        path = f"{scope}.{name}" if scope else name
        parts: list[str] = []
        if depth < 2:
            parts += [self._message(path, depth + 1) for _ in range(self._draw(st.integers(0, 2)))]
        self._types.append(f".{self._package}.{path}" if self._package else f".{path}")
        if self._chance():
            parts.append(self._enum())
        parts += [self._field(number) for number in range(1, self._draw(st.integers(1, 5)))]
        if self._chance():
            parts.append(self._oneof())
        if self._chance():
            words = "gone, lost" if not (self._proto2 or self._proto3) else '"gone", "lost"'
            parts.append(f"reserved 900, 902 to 910, 5000 to max; reserved {words};")
        if self._chance():
            parts.append(f"option deprecated = true; option (opt.raw) = {self._text()}; option (opt.ratio) = {self._number()};")
        if not self._proto3 and self._chance():
            parts.append("extensions 1000 to 1999, 2500;")
        if self._proto2:
            parts += [
                f"repeated group G{self._name('')} = {number} {{ optional int32 x = 1; }}"
                for number in (800, 801)
                if self._chance()
            ]
        return f"message {name} {{\n" + "\n".join(self._draw(st.permutations(parts))) + "\n}"

    def _number(self) -> str:
        value = self._draw(st.floats(allow_nan=False))
        return repr(value).replace("inf", "inf")

    def _type(self) -> str:
        kind: str = self._draw(st.sampled_from(SCALARS + self._types))
        return kind

    def _field(self, number: int) -> str:
        if self._chance() and self._chance():
            value = self._type()
            return f"map<{self._draw(st.sampled_from(KEYS))}, {value}> {self._name('m')} = {number}{self._options()};"
        kind = self._type()
        labels = (
            ["optional ", "repeated ", "required "]
            if self._proto2
            else ["", "repeated ", "optional "]
            if self._proto3
            else ["", "repeated "]
        )
        label = self._draw(st.sampled_from(labels))
        extra: list[str] = []
        if label == "optional " and self._proto2 and kind in SCALARS and self._chance():
            extra.append(f"default = {self._default(kind)}")
        if self._chance():
            extra.append(f'json_name = "json{self._name("")}"')
        if label == "" and not self._proto3 and self._chance() and kind in SCALARS:
            extra.append("features.field_presence = IMPLICIT")
        return f"{label}{kind} {self._name('some_field_')} = {number}{self._options(extra)};"

    def _default(self, kind: str) -> str:
        if kind == "string":
            return self._text()
        if kind == "bytes":
            return '"' + "".join(f"\\{byte:03o}" for byte in self._draw(st.binary(max_size=5))) + '"'
        if kind == "bool":
            return str(self._draw(st.sampled_from(["true", "false"])))
        if kind in {"double", "float"}:
            return str(self._draw(st.sampled_from(["1.5", "-2.25e10", "inf", "-inf", "nan", "0.1", "1e-40"])))
        return str(self._draw(st.integers(0 if kind.startswith(("u", "f")) else -(2**31), 2**31 - 1)))

    def _options(self, extra: list[str] | None = None) -> str:
        parts = list(extra or [])
        if self._chance() and self._chance():
            inner = 'notes { text: "in" weight: 0.1 } counts { key: "k" value: -5 } [opt.aside]: "x"'
            parts.append(f"(opt.note) = {{ text: {self._text()} {inner} }}")
        if self._chance() and self._chance():
            parts += ["(opt.numbers) = 3", "(opt.numbers) = -4", "(opt.kind) = FANCY", "deprecated = true"]
        return f" [{', '.join(parts)}]" if parts else ""

    def _oneof(self) -> str:
        group = "group Choice = 702 { optional bool sure = 1; }" if self._proto2 and self._chance() else ""
        first, last = (f"{self._type()} {self._name('of')} = {number};" for number in (700, 701))
        return f"oneof {self._name('o')} {{ {first} {group} {last} }}"

    def _enum(self) -> str:
        name = self._name("E")
        alias = f"option allow_alias = true; {name}_ALSO = 0;" if self._chance() else ""
        values = f"{name}_NONE = 0; {alias} {name}_SOME = -4 [deprecated = true];"
        return f"enum {name} {{ {values} reserved 40 to 50, 99 to max, -20 to -10; }}"

    def _service(self) -> str:
        asked, answered = (self._draw(st.sampled_from(self._types)) for _ in range(2))
        stream = "stream " if self._chance() else ""
        options = " { option idempotency_level = IDEMPOTENT; }" if self._chance() else ";"
        return f"service {self._name('S')} {{ rpc Do({stream}{asked}) returns ({answered}){options} }}"
