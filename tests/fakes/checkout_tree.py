"""A small checkout with two sound services: `stock` is asked by `tills` and hears of its sales. Tests break it in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GLOBS = ("services/*/service.yaml",)

STOCK = """\
schemaVersion: 1
service: stock
summary: What is on the shelves
owner: warehouse
runtime:
  python: stock.program:main
contracts:
  openapi: contracts/stock.yaml
needs:
  topics:
    consumes:
      - name: tills.sales.v1
        group: stock
  tables:
    - name: shelves
      key: {partition: {name: shelf}, sort: {name: slot, type: N}}
      indexes:
        - name: by-product
          key: {partition: {name: product}}
          projection: [count]
      stream: NEW_AND_OLD_IMAGES
      ttl: expires_at
  queues:
    - name: deliveries
      visibilityTimeoutSeconds: 60
      deadLetter: {maxReceives: 3}
      subscriptions:
        - notification: arrivals
          filter: {kind: [pallet, {prefix: box}]}
  notifications:
    - name: arrivals
  buckets:
    - name: photos
      versioned: true
      expireDays: 30
  secrets:
    - name: stock/feed
  parameters:
    - name: /stock/low-water
      value: "5"
deploy:
  target: fargate
  cpu: 256
  memoryMiB: 512
iam:
  - actions: [dynamodb:GetItem, dynamodb:PutItem]
    resources: [table/shelves]
slo:
  availabilityPercent: 99.9
  latencyP95Ms: 200
"""

TILLS = """\
schemaVersion: 1
service: tills
summary: Takes the money
owner: front
runtime:
  command: [sh, -c, sleep 1]
  ports: [grpc]
needs:
  services: [stock]
  topics:
    produces:
      - name: tills.sales.v1
        schema: contracts/sales.proto
        message: tills.v1.Sale
  databases:
    - name: tills
      migrations: migrations
  caches:
    - name: tills
  secrets:
    - name: stock/feed
      ownedBy: stock
functions:
  - name: receipts
    handler: tills.handle
slo:
  availabilityPercent: 99.5
  latencyP95Ms: 300
"""

POST = """\
schemaVersion: 1
service: post
summary: Everything that a manifest can say
owner: reception
runtime:
  command: [./bin/post, --quiet]
  build:
    command: [make]
    inputs: [main.c]
    outputs: [bin/post]
  health: {kind: tcp}
  ports: [grpc]
  passThrough: [FRANKING_KEY]
  watch: [main.c]
  ignore: ["*.log", drafts/]
deploy:
  target: fargate
  cpu: 256
  memoryMiB: 512
workers:
  - name: sorter
    runtime:
      command: [sh, -c, sleep 1]
      health: {kind: none}
    deploy: {target: fargate, cpu: 256, memoryMiB: 512}
  - name: franker
    runtime:
      command: [sh, -c, sleep 1]
      health: {kind: command, command: [sh, -c, exit 0]}
functions:
  - name: labels
    handler: labels.handle
    package: dist/labels.zip
    build: {command: [make, labels], outputs: [dist/labels.zip]}
    timeoutSeconds: 20
    triggers:
      - {source: queue, queue: letters, batchSize: 10}
      - {source: topic, topic: tills.sales.v1}
      - {source: table, table: addresses}
      - {source: bucket, bucket: stamps, prefix: new/}
      - {source: schedule, every: rate(5 minutes)}
      - {source: http, method: POST, path: /v1/labels, userPool: writers}
needs:
  topics:
    consumes: [{name: tills.sales.v1, group: post}]
  tables:
    - {name: addresses, key: {partition: {name: id}}, stream: NEW_IMAGE}
  queues: [{name: letters, visibilityTimeoutSeconds: 120}]
  notifications: [{name: delays}]
  buckets: [{name: stamps}]
  caches: [{name: post, use: locks}]
  userPools:
    - name: writers
      domain: post-writers
      scopes: [post/write]
      clients:
        - {name: web, flows: [password, refresh]}
        - {name: robot, flows: [client-credentials], scopes: [post/write], secret: true}
  senders: [{name: desk, identity: desk@post.example}]
routes:
  - {method: GET, path: "/v1/letters/{id}", userPool: writers}
alarms:
  - {name: post-dead, namespace: AWS/SQS, metric: Depth, threshold: 0, notifies: delays}
iam:
  - {actions: [ses:SendEmail], resources: [sender/desk]}
  - {actions: [cognito-idp:AdminGetUser], resources: [user-pool/writers]}
"""

SALES = """\
syntax = "proto3";
package tills.v1;
import "common/money.proto";
// message Ghost {} is only a comment
message Sale {
  string id = 1;
  common.Money price = 2;
  message Line { string product = 1; }
}
"""

MONEY = """\
syntax = "proto3";
package common;
message Money { int64 minor_units = 1; }
"""


@dataclass(frozen=True)
class CheckoutTree:
    """The checkout on disk."""

    root: Path

    @classmethod
    def plant(cls, root: Path) -> CheckoutTree:
        tree = cls(root)
        tree.write("services/stock/service.yaml", STOCK)
        tree.write("services/stock/program.py", "def main() -> None: ...\n")
        tree.write("services/tills/service.yaml", TILLS)
        tree.write("services/tills/migrations/0001_sales.sql", "CREATE TABLE sales (id text PRIMARY KEY);\n")
        tree.write("contracts/stock.yaml", "openapi: 3.1.0\n")
        tree.write("contracts/sales.proto", SALES)
        tree.write("contracts/common/money.proto", MONEY)
        return tree

    def plant_post(self) -> None:
        """Add a third service, whose manifest uses every part of the form."""
        self.write("services/post/service.yaml", POST)
        self.write("services/post/main.c", "int main(void) { return 0; }\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def change(self, service: str, old: str, new: str) -> None:
        """Replace the one place in a manifest that reads `old`."""
        file = self.root / "services" / service / "service.yaml"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the manifest of {service}"
        file.write_text(text.replace(old, new), encoding="utf-8")
