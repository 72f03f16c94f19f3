"""Consumers and producers are proved on what they really do: each way in which they can miss each other, and the sound twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.contract_repository import ContractRepository
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from shop_contracts.checking.content import needed_tree
from shop_contracts.checking.proofs import Cast, Proofs, Sent
from shop_contracts.checking.protobuf import Earlier
from shop_contracts.checking.records import is_filled, records
from shop_contracts.compat import Schema
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.tree.compiled import Compiled
from shop_contracts.tree.finding import Finding
from shop_dev.contracts.tree import open_contracts

TOPIC = "tills.sales.v1"
SALES = "contracts/proto/tills/v1/sales.proto"
STOCK = "services/stock/service.yaml"
Handler = Callable[[Any], None]


class Stage:
    """Two services on a stage: `tills` says what it is told to say, `stock` listens with a handler of the test."""

    def __init__(self, repository: ContractRepository) -> None:
        self.repository = repository
        self.said: list[tuple[str, str, dict[str, Any]]] = [
            (TOPIC, "SaleClosed", {"sale_id": "s-1", "sale_closed": {"lines": [{"product": "tea", "quantity": 2}]}}),
            (TOPIC, "SaleVoided", {"sale_id": "s-1", "sale_voided": {"reason": "mistake"}}),
        ]
        self.handler: Handler = lambda _: None
        self.heard: list[Message] = []
        self.hears = frozenset({TOPIC})
        self.earlier: list[str] = []

    def findings(self) -> list[Finding]:
        contracts = open_contracts().contracts
        compiled = Compiled(contracts)
        schema = compiled.schema(SALES)
        assert schema is not None
        cls = schema.runtime.message("shop.tills.v1.SaleEvent")
        assert cls is not None

        def hear(_kind: str, _topic: str, path: Sequence[int], content: bytes) -> None:
            assert list(path) == [0]
            self.heard.append(cls.FromString(content))
            self.handler(self.heard[-1])

        sent = tuple(Sent(topic, f"shop.tills.v1.{name}", cls(**fields).SerializeToString()) for topic, name, fields in self.said)
        casts = {
            "tills": Cast("tills", frozenset(), hear, sent),
            "stock": Cast("stock", self.hears, hear, ()),
        }
        return list(Proofs(contracts, compiled, casts, self._released).broken())

    def ids(self) -> list[str]:
        return [finding.id for finding in self.findings()]

    def _released(self, subject: str) -> Sequence[Earlier]:
        if subject != f"{TOPIC}-value":
            return []
        money = self.repository.read("contracts/proto/common/v1/money.proto")
        references = {"contracts/proto/common/v1/money.proto": money}
        return [
            Earlier(f"version {number}", Schema.compiled(compile_proto(text, references, name=SALES)))
            for number, text in enumerate(self.earlier, 1)
        ]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    repository = ContractRepository.plant(tmp_path / "repository")
    monkeypatch.chdir(repository.root)
    return Stage(repository)


def test_services_that_meet_are_green(stage: Stage) -> None:
    assert stage.ids() == []
    assert {message.WhichOneof("kind") for message in stage.heard} == {"sale_closed", "sale_voided"}


def test_what_a_consumer_counts_on_is_in_every_message_it_is_given(stage: Stage) -> None:
    stage.ids()

    closed: list[Any] = [message for message in stage.heard if message.WhichOneof("kind") == "sale_closed"]
    assert all(message.sale_id and message.sale_closed.lines for message in closed)
    assert all(line.product and line.quantity for message in closed for line in message.sale_closed.lines)
    assert {bool(message.sale_closed.email) for message in closed} == {True, False}


def test_a_handler_that_refuses_a_kind_is_shown_the_simplest_such_message(stage: Stage) -> None:
    def handle(message: Any) -> None:
        if message.WhichOneof("kind") == "sale_voided":
            raise KeyError("sale_voided")

    stage.handler = handle

    (finding,) = stage.findings()
    assert (finding.id, finding.file, finding.line, finding.path) == ("consumer-refuses-message", STOCK, 10, "sale_voided")
    assert finding.proof is not None
    assert finding.proof.read == "refused: KeyError: 'sale_voided'"
    assert "sale_voided" in finding.proof.written


def test_a_handler_is_tried_with_released_versions_and_not_only_with_the_present(stage: Stage) -> None:
    sales = stage.repository.read(SALES)
    stage.earlier = [sales.replace("  string email = 3;", "  string email = 3;\n  bool was_paid_in_tokens = 4;"), sales]

    def handle(message: Any) -> None:
        if b"\x20\x01" in message.sale_closed.SerializeToString():
            raise ValueError("tokens are not taken any more")

    stage.handler = handle

    assert [(finding.id, finding.against) for finding in stage.findings()] == [("consumer-refuses-message", "version 1")]


def test_a_field_that_is_not_filled_any_more_is_found_though_the_schema_has_it(stage: Stage) -> None:
    stage.said[0] = (TOPIC, "SaleClosed", {"sale_id": "s-1", "sale_closed": {"lines": [{"product": "tea"}]}})

    (finding,) = stage.findings()
    assert (finding.id, finding.path, finding.consumers) == ("read-not-filled", "sale_closed.lines.quantity", ("stock",))
    assert (finding.file, finding.line) == (STOCK, 15)
    assert finding.message == f"stock reads sale_closed.lines.quantity of {TOPIC}, and tills never fills it."


def test_a_field_that_one_of_several_messages_lacks_is_found_unless_it_may_be_empty(stage: Stage) -> None:
    stage.said.append((TOPIC, "SaleClosed", {"sale_id": "s-2", "sale_closed": {"lines": [{"product": "tea"}]}}))
    assert [finding.message for finding in stage.findings()] == [
        f"stock reads sale_closed.lines.quantity of {TOPIC}, and tills does not always fill it."
    ]

    stage.repository.change(STOCK, "sale_closed.lines.quantity", "sale_closed.lines.quantity?")
    assert stage.ids() == []


def test_a_kind_that_is_read_and_never_sent_is_found(stage: Stage) -> None:
    del stage.said[1]

    assert stage.ids() == ["read-of-what-nobody-sends"]


def test_a_kind_that_is_sent_and_that_nobody_declares_is_found(stage: Stage) -> None:
    stage.repository.change(STOCK, "          - sale_voided\n", "")

    assert stage.ids() == ["kind-nobody-reads"]


def test_a_topic_that_nobody_declared_is_found(stage: Stage) -> None:
    stage.said.append(("tills.secrets.v1", "SaleVoided", {"sale_voided": {}}))

    assert stage.ids() == ["sends-undeclared-topic"]


def test_a_message_that_the_contract_does_not_have_is_found(stage: Stage) -> None:
    stage.said.append((TOPIC, "SaleMislaid", {"sale_id": "s-1", "sale_voided": {"reason": "?"}}))

    assert stage.ids() == ["sends-undeclared-kind"]


def test_a_handler_for_an_undeclared_topic_is_found(stage: Stage) -> None:
    stage.hears = frozenset({TOPIC, "tills.secrets.v1"})

    assert stage.ids() == ["hears-undeclared-topic"]


def test_a_consumption_without_a_handler_is_found(stage: Stage) -> None:
    stage.hears = frozenset()

    assert stage.ids() == ["consumption-without-handler"]


DEEP = Schema.compiled(
    compile_proto(
        'syntax = "proto3"; package deep.v1;'
        "message Node { string name = 1; Node next = 2; repeated Node many = 3; map<string, Node> named = 4;"
        " optional int32 count = 5;"
        " Colour colour = 6; bytes raw = 7; double ratio = 8; oneof kind { Node one = 10; string word = 11; } }"
        "enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 4; }"
    )
)
PATHS = ["name", "next.name", "many.count", "named.colour", "next.many.raw", "ratio"]


@given(st.data(), st.sets(st.sampled_from(PATHS)), st.sampled_from(["one", "word"]))
def test_made_up_records_have_their_kind_and_everything_that_is_needed(data: st.DataObject, wanted: set[str], kind: str) -> None:
    cls = DEEP.runtime.message("deep.v1.Node")
    assert cls is not None
    steps = [path.split(".") for path in sorted(wanted)]

    record = data.draw(records(cls, kind=kind, needed=needed_tree(steps), observed={}))

    assert record.WhichOneof("kind") == kind
    assert all(is_filled(record, path, anywhere=False) for path in steps)
    assert cls.FromString(record.SerializeToString()) == record
