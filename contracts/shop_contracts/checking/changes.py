"""Whether every contract may follow what is released, and what is at a git ref."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from shop_contracts.checking import protobuf, rest
from shop_contracts.checking.baselines import Baselines, History, Kind, Version
from shop_contracts.checking.protobuf import Earlier
from shop_contracts.checking.rest import Documents
from shop_contracts.compat.languages import Language
from shop_contracts.compat.lock import RuleSetLock
from shop_contracts.compat.schema import Schema
from shop_contracts.compat.sources import load
from shop_contracts.openapi_diff.documents import Api as Document
from shop_contracts.openapi_diff.documents import open_api
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.declared import Carrier, Contracts, Payload, Place, Rpc
from shop_contracts.tree.finding import Finding, Group

if TYPE_CHECKING:
    from shop_contracts.checking.texts import EarlierText


@dataclass(frozen=True, slots=True)
class Commit:
    """What a git ref has: its contracts laid out in a folder, and what people call it."""

    name: str
    contracts: Contracts


@dataclass
class Changes:
    """One comparison of the working tree with everything that went before."""

    contracts: Contracts
    compiled: Compiled
    documents: Documents
    baselines: Baselines
    histories: dict[str, History]
    lock: RuleSetLock | None
    today: date
    commit: Commit | None = None

    def __post_init__(self) -> None:
        self._then = Compiled(self.commit.contracts) if self.commit else None
        self._documents_then = Documents(self.commit.contracts.root) if self.commit else None

    def refused(self) -> Iterator[Finding]:
        """Find every change that breaks somebody."""
        yield from self._gone()
        yield from self._rewritten()
        for subject, declared in self.contracts.declared.protobuf.items():
            schema = self.compiled.schema(str(declared.schema)) if self._is_there(str(declared.schema)) else None
            if schema is not None:
                yield from self._protobuf(subject, declared, schema)
        for subject, api in self.contracts.declared.rest.items():
            document = self.documents.open(api.document) if self._is_there(api.document) else None
            if document is not None:
                yield from self._rest(subject, document)
        yield from self._texts()

    def released_schemas(self, subject: str) -> list[Earlier]:
        """The released versions of a Protobuf subject, oldest first."""
        history = self.histories.get(subject)
        if history is None or history.kind != Kind.PROTOBUF:
            return []
        return [Earlier(f"version {one.number}", self._released_schema(subject, one)) for one in history.versions]

    def released_texts(self, subject: str) -> list[EarlierText]:
        """The released versions of an Avro or JSON subject, oldest first."""
        history = self.histories.get(subject)
        if history is None or history.kind not in {Kind.AVRO, Kind.JSON_SCHEMA}:
            return []
        return _read_texts([(f"version {one.number}", self.baselines.path(subject, one) / one.main) for one in history.versions])

    def _is_there(self, path: str) -> bool:
        return (self.contracts.root / path).is_file()

    def _protobuf(self, subject: str, declared: Payload | Rpc, new: Schema) -> Iterator[Finding]:
        earlier = self.released_schemas(subject)
        if (then := self._schema_then(subject)) is not None:
            earlier.append(then)
        if not earlier:
            return
        message = declared.message if isinstance(declared, Payload) else None
        yield from self._other_message(subject, declared, message)
        consumptions = self.contracts.declared.consumptions
        name = declared.name if isinstance(declared, Payload) and declared.carrier is Carrier.TOPIC else ""
        readers = protobuf.readers_of(name, consumptions, message, [new, *(one.schema for one in earlier)])
        names = (subject, str(declared.schema), new.main)
        report = protobuf.judge(new, earlier, readers=readers, lock=self.lock, names=names, today=self.today)
        yield from protobuf.refusals(report, new, earlier, self.contracts, subject=subject, hint=_new_version(subject))

    def _other_message(self, subject: str, declared: Payload | Rpc, message: str | None) -> Iterator[Finding]:
        """A subject's message may not become another one: records that are there stay what they are."""
        history = self.histories.get(subject)
        before = history.versions[-1].message if history and history.versions else ""
        if before and message and before != message:
            yield Finding(
                Group.CHANGES,
                "topic-message-changed",
                declared.place.file,
                declared.place.line,
                f"{subject} carries {before}; its records cannot become {message}.",
                subject=subject,
                against=f"version {history.versions[-1].number}" if history else "",
                before=before,
                after=message,
                hint=_new_version(subject),
            )

    def _rest(self, subject: str, new: Document) -> Iterator[Finding]:
        seen: set[tuple[str, str, str]] = set()
        for name, old in self._earlier_documents(subject):
            found = rest.refusals(old, new, self.contracts.root, subject=subject, against=name, hint=_new_version(subject))
            for finding in found:
                key = (finding.id, finding.path, finding.message)
                if key not in seen:
                    seen.add(key)
                    yield finding

    def _earlier_documents(self, subject: str) -> Iterator[tuple[str, Document]]:
        """Latest first, so that what several versions have in common is said of the latest."""
        if self.commit and self._documents_then and (api := self.commit.contracts.declared.rest.get(subject)):
            then = self._documents_then.open(api.document)
            if then is not None:
                yield self.commit.name, then
        history = self.histories.get(subject)
        for version in reversed(history.versions if history and history.kind == Kind.OPENAPI else ()):
            yield f"version {version.number}", open_api(self.baselines.path(subject, version) / version.main)

    def _texts(self) -> Iterator[Finding]:
        """Find Avro and JSON Schemas that cannot be read, or may not follow what went before."""
        written = [one for one in self.contracts.declared.payloads if Language.of(one.schema or "") is not None]
        if not written:
            return
        from shop_contracts.checking import text_reads, texts  # the libraries behind them take a while to import

        yield from text_reads.unmet_reads(self.contracts, self.released_texts)
        for payload in written:
            if not self._is_there(str(payload.schema)):
                continue
            found = texts.opened(self.contracts.root, str(payload.schema))
            if isinstance(found, Finding):
                yield found
            else:
                yield from texts.refusals(payload, found, self._earlier_texts(payload), hint=_new_version(payload.subject))

    def _earlier_texts(self, payload: Payload) -> list[EarlierText]:
        before = self.commit.contracts.declared.payloads if self.commit is not None else ()
        files = [
            (self.commit.name, self.commit.contracts.root / str(one.schema))
            for one in before
            if self.commit is not None and one.subject == payload.subject and one.schema
        ]
        return [*self.released_texts(payload.subject), *_read_texts(files)]

    def _released_schema(self, subject: str, version: Version) -> Schema:
        folder = self.baselines.path(subject, version)
        return load(folder / version.main, name=version.main, import_paths=(folder,))

    def _schema_then(self, subject: str) -> Earlier | None:
        if self.commit is None or self._then is None:
            return None
        declared = self.commit.contracts.declared.protobuf.get(subject)
        if declared is None:
            return None
        schema = self._then.schema(str(declared.schema))
        return Earlier(self.commit.name, schema) if schema is not None else None

    def _rewritten(self) -> Iterator[Finding]:
        """Find released versions of the commit that are not, or are others, in the working tree: history only grows."""
        if self.commit is None:
            return
        root = self.commit.contracts.root
        then, _ = Baselines(root / self.commit.contracts.folder / self.baselines.folder.name, root).read()
        for subject, history in then.items():
            now = self.histories.get(subject)
            kept = [version.checksum for version in now.versions] if now else []
            lost = next((one for at, one in enumerate(history.versions) if kept[at : at + 1] != [one.checksum]), None)
            file = self.baselines.folder / subject / "history.json"
            if lost is not None and (now is not None or not file.is_file()):
                yield Finding(
                    Group.BASELINES,
                    "baseline-rewritten",
                    file.relative_to(self.contracts.root).as_posix(),
                    1,
                    f"Version {lost.number} of {subject} is released at {self.commit.name} and is not here, or is another one.",
                    subject=subject,
                    against=self.commit.name,
                    hint="put it back with `git checkout`: what is released stays as it was",
                )

    def _gone(self) -> Iterator[Finding]:
        """Find subjects that were there and that nobody declares any more."""
        now = {
            *self.contracts.declared.protobuf,
            *self.contracts.declared.rest,
            *(one.subject for one in self.contracts.declared.payloads),
        }
        retired = {name for name, history in self.histories.items() if history.retired}
        for subject, history in self.histories.items():
            if subject not in now and not history.retired:
                file = (self.baselines.folder / subject / "history.json").relative_to(self.contracts.root).as_posix()
                yield _gone(subject, Place(file, 1), f"version {history.versions[-1].number}" if history.versions else "")
        if self.commit is None:
            return
        for subject, then in {**self.commit.contracts.declared.protobuf, **self.commit.contracts.declared.rest}.items():
            if subject not in now and subject not in self.histories and subject not in retired:
                yield _gone(subject, then.place, self.commit.name)


def _read_texts(files: Iterable[tuple[str, Path]]) -> list[EarlierText]:
    from shop_contracts.checking import texts

    schemas = [(name, texts.opened(file.parent, file.name)) for name, file in files if Language.of(file) and file.is_file()]
    return [texts.EarlierText(name, one) for name, one in schemas if not isinstance(one, Finding)]


def _gone(subject: str, place: Place, against: str) -> Finding:
    return Finding(
        Group.CHANGES,
        "contract-removed",
        place.file,
        place.line,
        f"{subject} was there and no manifest declares it any more: who uses it is left alone.",
        subject=subject,
        against=against,
        hint=f"put it back, or say that it is over: `shop-dev contracts release --retire {subject}`",
    )


def _new_version(subject: str) -> str:
    return f"undo it, or start a v2 beside it: `shop-dev contracts new-version {subject}`"
