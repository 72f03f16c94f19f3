"""`shop-dev contracts check` where an OpenAPI document and the code that serves it say different things of a body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import ShopDev
from fakes.contract_repository import OPENAPI, ContractRepository

DOCUMENT = "contracts/openapi/tills.yaml"
PROGRAM = "services/tills/program.py"
VIEWS = "services/tills/views.py"

PATHS = """\
  /v1/sales:
    post:
      operationId: addSale
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [lines]
              properties:
                lines:
                  type: array
                  items:
                    type: object
                    properties:
                      sku: {type: string}
                giftMessage: {type: string}
      responses:
        '201':
          description: The sale.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Sale'}
    get:
"""
COMPONENTS = """\
components:
  schemas:
    Sale:
      type: object
      required: [id]
      properties:
        id: {type: string}
        printedAt: {type: string}
"""
CODE = """\
from msgspec import Struct
from shop_kit.http import GuardedRoute, json, read_body

from tills.views import SaleView

SALES = "/v1/sales"
SALE = f"{SALES}/{{sale_id}}"


class LineBody(Struct):
    sku: str


class SaleBody(Struct, rename="camel", forbid_unknown_fields=True):
    lines: list[LineBody]
    gift_message: str | None = None


def main() -> None: ...


class Tills:
    def routes(self):
        return [
            GuardedRoute(SALES, self.list_sales),
            GuardedRoute(SALES, self.add, methods=["POST"]),
            GuardedRoute(SALE, self.show),
        ]

    async def list_sales(self, request): ...

    async def show(self, request): ...

    async def add(self, request):
        body = await read_body(request, SaleBody)
        return await self._once(request, body)

    async def _once(self, request, body):
        return json(_view(body), 201)


def _view(sale) -> SaleView:
    return SaleView(sale)
"""
VIEW = """\
import msgspec


class SaleView(msgspec.Struct, rename="camel"):
    id: str
    printed_at: str | None = None
"""


@pytest.fixture
def repository(tmp_path: Path, shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch) -> ContractRepository:
    """A repository whose document and code agree, released."""
    repository = ContractRepository.plant(tmp_path / "repository")
    monkeypatch.chdir(repository.root)
    repository.write(DOCUMENT, OPENAPI.replace("  /v1/sales:\n    get:\n", PATHS) + COMPONENTS)
    repository.write(PROGRAM, CODE)
    repository.write(VIEWS, VIEW)
    assert shop_dev("contracts", "release").status == 0
    return repository


def drift(shop_dev: ShopDev) -> list[tuple[str, str, str]]:
    """What is found, each with the line it points at."""
    found: list[dict[str, Any]] = shop_dev("contracts", "check", "--json").document()["data"]["findings"]
    return [
        (one["id"], f"{one['file']}: {Path(one['file']).read_text().splitlines()[one['line'] - 1].strip()}", one["message"])
        for one in found
    ]


def test_a_document_and_code_that_agree_are_green(shop_dev: ShopDev, repository: ContractRepository) -> None:
    assert drift(shop_dev) == []


GIFT = "                giftMessage: {type: string}\n"
SKU = "                      sku: {type: string}\n"
CASES = {
    "a property is asked for that the code refuses": (
        (DOCUMENT, GIFT, f"{GIFT}{GIFT.replace('giftMessage', 'note')}"),
        (
            "property-not-in-code",
            f"{DOCUMENT}: note: {{type: string}}",
            "POST /v1/sales takes note, by its document; SaleBody in the code of tills has no such property.",
        ),
    ),
    "a property within a list is asked for that the code refuses": (
        (DOCUMENT, SKU, f"{SKU}{SKU.replace('sku', 'size')}"),
        (
            "property-not-in-code",
            f"{DOCUMENT}: size: {{type: string}}",
            "POST /v1/sales takes lines.size, by its document; LineBody in the code of tills has no such property.",
        ),
    ),
    "an optional property of the answer is taken out of the document": (
        (DOCUMENT, "        printedAt: {type: string}\n", ""),
        (
            "property-without-contract",
            f'{VIEWS}: class SaleView(msgspec.Struct, rename="camel"):',
            "POST /v1/sales answers with printedAt, by SaleView in the code of tills; its document has no such property.",
        ),
    ),
    "the code takes what no document has": (
        (PROGRAM, "    gift_message: str | None = None\n", "    gift_message: str | None = None\n    till: str = ''\n"),
        (
            "property-without-contract",
            f'{PROGRAM}: class SaleBody(Struct, rename="camel", forbid_unknown_fields=True):',
            "POST /v1/sales takes till, by SaleBody in the code of tills; its document has no such property.",
        ),
    ),
    "a route by a name for its path has no contract": (
        (PROGRAM, 'GuardedRoute(SALE, self.show)', 'GuardedRoute(f"{SALE}/receipt", self.show)'),
        (
            "endpoint-without-contract",
            f'{PROGRAM}: GuardedRoute(f"{{SALE}}/receipt", self.show),',
            f"tills serves GET /v1/sales/{{sale_id}}/receipt, which {DOCUMENT} does not have.",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_only_one_side_knows_is_found_at_its_place(shop_dev: ShopDev, repository: ContractRepository, case: str) -> None:
    change, expected = CASES[case]
    repository.change(*change)

    assert expected in drift(shop_dev)


BASE = """\
import msgspec


class Noted(msgspec.Struct, rename="camel"):
    gift_message: str | None = None
    gift_wrap: bool = False
"""


def test_what_a_struct_inherits_is_judged_like_its_own(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.write("services/tills/noted.py", BASE)
    repository.change(PROGRAM, 'class SaleBody(Struct, rename="camel", ', "class SaleBody(Noted, ")
    repository.change(PROGRAM, "    gift_message: str | None = None\n", "")
    repository.change(PROGRAM, "from tills.views", "from tills.noted import Noted\nfrom tills.views")

    assert drift(shop_dev) == [
        (
            "property-without-contract",
            f"{PROGRAM}: class SaleBody(Noted, forbid_unknown_fields=True):",
            "POST /v1/sales takes giftWrap, by SaleBody in the code of tills; its document has no such property.",
        )
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [('tag="sale"', "type"), ('tag="sale", tag_field="kind"', "kind"), ("tag=True", "type"), ("tag_field='kind'", "kind")],
)
def test_the_property_that_tells_tagged_structs_apart_needs_a_contract_too(
    shop_dev: ShopDev, repository: ContractRepository, options: str, field: str
) -> None:
    repository.change(VIEWS, 'rename="camel"', f'rename="camel", {options}')

    assert [(rule, message) for rule, _, message in drift(shop_dev)] == [
        (
            "property-without-contract",
            f"POST /v1/sales answers with {field}, by SaleView in the code of tills; its document has no such property.",
        )
    ]
    repository.change(DOCUMENT, "        printedAt:", f"        {field}: {{type: string}}\n        printedAt:")

    assert [one for one in drift(shop_dev) if one[0].startswith("property-")] == []


@pytest.mark.parametrize(
    "change",
    [
        (PROGRAM, "class SaleBody(Struct, ", "class SaleBody(Base, "),
        (VIEWS, 'rename="camel"', 'rename=shouted'),
        (VIEWS, "    id: str\n", "    id: str\n    above: SaleView | None = None\n"),
    ],
    ids=["a base that is not known", "a function that names", "itself within itself"],
)  # fmt: skip
def test_what_the_source_does_not_spell_out_is_not_judged_by_guesses(
    shop_dev: ShopDev, repository: ContractRepository, change: tuple[str, str, str]
) -> None:
    repository.change(*change)

    assert [message for rule, _, message in drift(shop_dev) if rule.startswith("property-") and "above" not in message] == []
