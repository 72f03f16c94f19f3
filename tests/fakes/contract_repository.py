"""A small repository under git with sound contracts of every kind, for tests to break."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PYPROJECT = '[tool.shop-dev]\nservices = ["services/*/service.yaml"]\n'

SALES = """\
syntax = "proto3";

package shop.tills.v1;

import "contracts/proto/common/v1/money.proto";

// What a till tells.
message SaleEvent {
  string sale_id = 1;
  oneof kind {
    SaleClosed sale_closed = 10;
    SaleVoided sale_voided = 11;
  }
}

// The customer has paid.
message SaleClosed {
  repeated Line lines = 1;
  shop.common.v1.Money total = 2;
  // Where the receipt went.
  string email = 3;
}

// It never was.
message SaleVoided {
  string reason = 1;
}

// An article and how many of it.
message Line {
  string product = 1;
  int32 quantity = 2;
}
"""

MONEY = """\
syntax = "proto3";

package shop.common.v1;

// An amount.
message Money {
  string currency = 1;
  int64 minor_units = 2;
}
"""

PICKING = """\
syntax = "proto3";

package shop.stock.v1;

// What is to be fetched.
message PickingOrder {
  string product = 1;
}
"""

TILLS = """\
schemaVersion: 1
service: tills
summary: Takes the money
owner: front
runtime:
  python: tills.program:main
contracts:
  openapi: contracts/openapi/tills.yaml
  rehearsal: tills.rehearsal:rehearsal
needs:
  topics:
    produces:
      - name: tills.sales.v1
        schema: contracts/proto/tills/v1/sales.proto
        message: shop.tills.v1.SaleEvent
deploy: {target: fargate, cpu: 256, memoryMiB: 512}
slo: {availabilityPercent: 99.9, latencyP95Ms: 300}
"""

STOCK = """\
schemaVersion: 1
service: stock
summary: What is on the shelves
owner: warehouse
runtime:
  command: [sh, -c, sleep 1]
needs:
  topics:
    consumes:
      - name: tills.sales.v1
        group: stock
        reads:
          - sale_id
          - sale_closed.lines.product
          - sale_closed.lines.quantity
          - sale_voided
  queues:
    - name: picking
      schema: contracts/proto/stock/v1/picking.proto
deploy: {target: fargate, cpu: 256, memoryMiB: 512}
slo: {availabilityPercent: 99.9, latencyP95Ms: 300}
"""

OPENAPI = """\
openapi: 3.1.0
info: {title: Tills, version: 1.0.0}
paths:
  /v1/sales:
    get:
      operationId: listSales
      responses:
        '200':
          description: The sales.
          content:
            application/json:
              schema:
                type: object
                required: [items]
                properties:
                  items: {type: array, items: {type: string}}
                  next: {type: string}
  /v1/sales/{saleId}:
    get:
      operationId: showSale
      parameters:
        - {name: saleId, in: path, required: true, schema: {type: string}}
      responses:
        '200': {description: The sale.}
"""

PROGRAM = """\
from starlette.routing import Route


def main() -> None: ...


def routes():
    return [
        Route("/v1/sales", main, methods=["GET"]),
        Route("/v1/sales/{sale_id}", main, methods=["GET"]),
    ]
"""

FILES = {
    "pyproject.toml": PYPROJECT,
    "contracts/proto/tills/v1/sales.proto": SALES,
    "contracts/proto/common/v1/money.proto": MONEY,
    "contracts/proto/stock/v1/picking.proto": PICKING,
    "contracts/openapi/tills.yaml": OPENAPI,
    "services/tills/service.yaml": TILLS.replace("  rehearsal: tills.rehearsal:rehearsal\n", ""),
    "services/tills/program.py": PROGRAM,
    "services/stock/service.yaml": STOCK,
    "tills/__init__.py": "",
    "tills/program.py": "def main() -> None: ...\n",
}


@dataclass(frozen=True)
class ContractRepository:
    """The repository on disk."""

    root: Path

    @classmethod
    def plant(cls, root: Path) -> ContractRepository:
        """Write the sound state and commit it as `main`."""
        repository = cls(root)
        for path, text in FILES.items():
            repository.write(path, text)
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.commit("Begin")
        return repository

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        """Replace the one place in a file that reads `old`."""
        text = self.read(path)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", message)

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True)
