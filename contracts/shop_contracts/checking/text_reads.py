"""What consumers read of topics in Avro or JSON Schema, held against what every retained version lets producers send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from shop_contracts.checking.texts import AT_HAND, EarlierText, opened, versions
from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.languages import Language
from shop_contracts.compat.paths import leads
from shop_contracts.compat.promises import promises
from shop_contracts.tree.declared import Carrier, Consumption, Contracts, Payload, Read
from shop_contracts.tree.finding import Finding, Group

_WHY = {True: "require it in the schema, or", False: "such records may still be on the topic:"}


def unmet_reads(contracts: Contracts, released: Callable[[str], Sequence[EarlierText]]) -> Iterator[Finding]:
    """Find reads of fields that a topic's schema does not name, or that records of a retained version may be without.

    `released` gives the released versions of a subject, oldest first.
    """
    for payload in contracts.declared.payloads:
        readers = [one for one in contracts.declared.consumptions if one.topic == payload.name and one.reads]
        if payload.carrier is not Carrier.TOPIC or not readers or Language.of(payload.schema or "") is None:
            continue
        now = opened(contracts.root, str(payload.schema))
        if isinstance(now, Finding):
            continue
        retained = versions(released(payload.subject), now)
        for consumption in readers:
            for read in consumption.reads or ():
                if not leads(now.version, read.steps):
                    yield _unknown(payload, consumption, read)
                elif not read.is_optional:
                    yield from _unpromised(payload, consumption, read, retained)


def _unknown(payload: Payload, consumption: Consumption, read: Read) -> Finding:
    return Finding(
        Group.CONSUMERS,
        "read-of-unknown-field",
        read.place.file,
        read.place.line,
        f"{consumption.service} reads {read.path} of {payload.name}, and its schema names no such field.",
        subject=payload.subject,
        path=read.path,
        consumers=(consumption.service,),
    )


def _unpromised(payload: Payload, consumption: Consumption, read: Read, retained: Sequence[EarlierText]) -> Iterator[Finding]:
    """Find the first version that lets producers leave a field out, with a record that does."""
    for version in retained:
        if promises(version.schema.version, read.steps):
            continue
        from shop_contracts.checking.text_contents import proof, without  # hypothesis takes a while to import

        record = without(version.schema, read.steps)
        if record is None and not isinstance(version.schema.version, AvroVersion):
            continue  # combined JSON Schemas may promise more than is seen
        yield Finding(
            Group.CONSUMERS,
            "read-not-promised",
            read.place.file,
            read.place.line,
            f"{consumption.service} reads {read.path} of {payload.name}, and records of {version.name} may be without it.",
            subject=payload.subject,
            path=read.path,
            against=version.name,
            consumers=(consumption.service,),
            proof=proof(version.schema, record, writer=version.name, reader=consumption.service, read=f"nothing at {read.path}")
            if record is not None
            else None,
            hint=f"{_WHY[version.name == AT_HAND]} read it as `{read.path}?`",
        )
        return
