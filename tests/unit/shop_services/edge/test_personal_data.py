"""What the shop knows of a customer, and what it keeps: all of it or nothing, and never in anybody else's name."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fakes.backing_service import Asked, FakeService, json_answer
from shop_kit.errors import Unavailable
from shop_services.edge.adapters.personal_data import KEPT, PersonalData, Refused
from shop_services.edge.application.callers import NO_CLAIMS, Caller, TokenKind
from shop_services.edge.application.ports import ServiceAnswer, Services

pytestmark = pytest.mark.anyio
ANN = Caller("cus_ann", frozenset({"customers:read"}), NO_CLAIMS, TokenKind.CUSTOMER)


class Paged(FakeService):
    """Orders on two pages."""

    def _take(self, asked: Asked) -> ServiceAnswer:
        super()._take(asked)
        is_first = "cursor" not in asked.path
        return json_answer(200, {"items": [{"id": "ord_2" if is_first else "ord_1"}], "nextCursor": "a=b&c" if is_first else None})


def shop(**other: FakeService) -> Services:
    behind = {
        "identity": FakeService(json_answer(200, {"id": "cus_ann"})),
        "orders": Paged(),
        "cart": FakeService(json_answer(201, {"id": "crt_1", "items": []})),
        **other,
    }
    return Services(**{name: cast("Any", behind.get(name)) for name in Services.__dataclass_fields__})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_an_export_holds_what_each_service_knows_of_the_one_who_asks() -> None:
    services = shop()

    found = await PersonalData(services).of(ANN)

    assert (bytes(found.customer), [bytes(order) for order in found.orders]) == (
        b'{"id":"cus_ann"}',
        [b'{"id":"ord_2"}', b'{"id":"ord_1"}'],
    )
    asked = [one for name in ("identity", "orders", "cart") for one in getattr(services, name).asked]
    assert {one.customer for one in asked} == {"cus_ann"}
    assert "cursor=a%3Db%26c" in asked[2].path


@pytest.mark.parametrize("name", ["identity", "orders", "cart"])
async def test_while_one_does_not_answer_there_is_no_export(name: str) -> None:
    away = Paged() if name == "orders" else FakeService()
    away.is_down = True

    with pytest.raises(Unavailable):
        await PersonalData(shop(**{name: away})).of(ANN)


async def test_who_is_erased_is_erased_though_others_are_away_for_they_hear_of_it() -> None:
    away = FakeService()
    away.is_down = True
    services = shop(identity=FakeService(ServiceAnswer(204, b"")), cart=away, orders=away)

    answer = await PersonalData(services).erase(ANN)

    identity = cast("FakeService", services.identity)
    assert [(one.method, one.path) for one in identity.asked] == [("DELETE", "/v1/customers/me")]
    assert answer.status == 204


async def test_what_a_service_refuses_is_told_as_it_says_it() -> None:
    unknown = json_answer(404, {"type": "/problems/customer-not-found"})

    with pytest.raises(Refused) as refused:
        await PersonalData(shop(identity=FakeService(unknown))).of(ANN)

    assert refused.value.answer is unknown


def test_what_is_kept_has_a_reason() -> None:
    assert all(kept.what and kept.reason for kept in KEPT)
