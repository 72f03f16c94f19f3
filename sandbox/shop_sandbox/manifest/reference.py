"""The reference page of `service.yaml`, made from its JSON Schema.

`python -m shop_sandbox.manifest.reference`, run from the root of the checkout, writes page and schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shop_sandbox.manifest.schema import SCHEMA_FILE, Schema, make_schema, schema_text

PAGE = Path("docs/reference/service-yaml.md")
"""Where the page is, relative to the checkout."""

_OPENING = """\
# `service.yaml`

<!-- Made by `python -m shop_sandbox.manifest.reference` from the types in `shop_sandbox/manifest/form.py`. Do not edit. -->

One file says what a service is: how it runs, what it promises, what it needs, and where it is deployed. The sandbox starts the
service from it, topics, tables and databases are made from it, the contract graph is drawn from it, and Terraform reads the same
file with `yamldecode`. The globs in `[tool.shop-dev] services` of `pyproject.toml` say where these files are.

Put this line first, and editors with a YAML language server complete and check the file while you write
(the path leads to `service.schema.json` of the installed `shop_sandbox.manifest` package, relative to the file):

```yaml
# yaml-language-server: $schema=../../../sandbox/shop_sandbox/manifest/service.schema.json
```

The file is plain data: YAML without anchors, aliases, tags and doubled keys, one document, at most 256 KiB. Words such as `yes`,
`no` and `on` are text, as in YAML 1.2. Paths of contracts are relative to the root of the checkout, all others
to the folder of `service.yaml`.

The globs may be absolute or lead out of the checkout (`../payments/service.yaml`): so services of other checkouts join, and the
paths in their manifests are theirs.

`shop-dev up` reads all manifests before it starts anything. When something is wrong it starts nothing and lists every fault of
every manifest, each with file, line, column, the place in the document, and a hint.

## What a service finds in its environment

| variable | what it holds |
|---|---|
| `PORT`, `PORT_<NAME>` | the port to listen on, and those of `runtime.ports`; always on 127.0.0.1 |
| `SHOP_LISTEN_FD` | number of a socket that listens on `PORT` already; Python services get it, so a restart refuses no connection |
| `SHOP_SERVICE`, `SHOP_INSTANCE` | its name, and the number of this copy |
| `KAFKA_BOOTSTRAP_SERVERS`, `SCHEMA_REGISTRY_URL` | Kafka and the Schema Registry |
| `DATABASE_URL`, `SHOP_DATABASE` | its own PostgreSQL database, with its password; the role is its name, with `_` for `-` |
| `REDIS_URL` | Redis, with its password |
| `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` | the AWS emulator, with keys for it |
| `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME` | where traces go |
| `SHOP_<SERVICE>_URL` | address of each service in `needs.services` and `needs.issuers` |
| `SHOP_<SERVICE>_<PORT>_ADDRESS` | `host:port` of each further port of these services, as in `SHOP_PRICING_GRPC_ADDRESS` |
| `SHOP_TABLE_<NAME>`, `SHOP_QUEUE_<NAME>`, `SHOP_BUCKET_<NAME>`, `SHOP_CACHE_<NAME>` | the real name of what it owns |
| `SHOP_SECRET_<NAME>`, `SHOP_PARAMETER_<NAME>` | the real name of a secret or parameter it owns or reads |
| `SHOP_NOTIFICATION_<NAME>` | ARN of an SNS topic |
| `SHOP_SENDER_<NAME>` | an address or domain that it sends mail as |
| `SHOP_USER_POOL_<NAME>`, `…_ISSUER`, `…_JWKS_URL` | a user pool's id, who issues its tokens, and where their keys are |
| `SHOP_USER_POOL_<NAME>_LOGIN_URL` | where its users sign in: `/oauth2/authorize`, `/oauth2/token` |
| `SHOP_USER_POOL_<NAME>_CLIENT_<CLIENT>` | id of a user pool's client |
| `SHOP_API_URL` | where API Gateway is, for a service with `routes` |
| `SHOP_RESILIENCE` | what `resilience` says, as JSON |
| `SHOP_CLOCK_FILE` | the sandbox's clock, see `shop-dev clock` |
| names in `runtime.environment` and `runtime.passThrough` | their values, and those of the developer's shell |

A worker has its own ports and `runtime` variables, and everything else of its service. A function gets what the process gets, but
for ports, and what its `environment` sets.

`<NAME>` is the name in the manifest in upper case, with `_` for everything but letters and digits: the secret `shop/internal-jwt`
is in `SHOP_SECRET_SHOP_INTERNAL_JWT`. Names in the sandbox are those of the manifest. In AWS they may carry the environment's name,
so read them from the variables.

## What runs

A service is a process (`runtime`), `workers` beside it, `functions`, or any of these. In `shop-dev status` a worker is called
`<service>-<worker>`, the functions together `<service>-functions` (a service of functions alone has its own name), and a build
`build-<service>`. Who asks for a service gets all of it.

```yaml
runtime:                                # REST, on Fargate
  command: [./bin/shipping]
  build: {command: [go, build, -o, bin/shipping, .], outputs: [bin/shipping]}
  ports: [grpc]
deploy: {target: fargate, cpu: 256, memoryMiB: 512}

workers:
  - name: relay                         # no HTTP
    runtime: {command: [./bin/shipping, relay], health: {kind: none}}
    deploy: {target: fargate, cpu: 256, memoryMiB: 512}

functions:
  - name: labels                        # Lambda
    handler: labels.handle
    package: dist/labels.zip
    build: {command: [make, dist/labels.zip], outputs: [dist/labels.zip]}
    triggers:
      - {source: queue, queue: labels, batchSize: 10}
      - {source: schedule, every: rate(5 minutes)}
```

A process is ready when its `health` says so. One that is ready and then silent on its `live` path three times in a row is started
again. A function whose package is there is deployed to the emulator with its triggers; one without is checked, and this is said.
The emulator has no triggers for Kafka topics.

A stand-in for what somebody else runs is a service with `deploy: {target: local}`.

## What is made without being asked for

- `<topic>.<group>.dlq`, a Kafka topic for each consumer: records that it cannot handle.
- `<queue>-dlq`, an SQS queue for each queue: messages given up after `maxReceives` deliveries.
- The subject `<topic>-value` in the Schema Registry, and one subject for each file that the schema imports, named like the import.
- `schema_migrations` in each database: which migrations were applied, when, and their checksums.

## Rules across manifests

- A service name is there once. A topic, table, queue, notification, bucket, database, secret, parameter, user pool or sender has
  one owner, and a route leads to one place.
- A consumed topic is produced by somebody. A subscribed notification, a called service, a secret of another service, a route's user
  pool and a trigger's source are there.
- Services do not call each other in a circle.
- Files that are named exist or are made by a `build`: contracts, schemas (with the message in them), migrations, programs,
  packages.
- IAM actions are named one by one, for things named one by one, and fit the kind of thing.

"""


def reference_page() -> str:
    """Return the whole page."""
    schema = make_schema()
    definitions: dict[str, Schema] = schema["$defs"]
    lines = [_OPENING, "## The whole file\n", *_table(schema)]
    for name in _in_order_of_use(schema, definitions):
        lines += [f"\n## {name}\n", definitions[name]["description"] + "\n", *_table(definitions[name])]
    return "\n".join(lines) + "\n"


def _in_order_of_use(schema: Schema, definitions: dict[str, Schema]) -> Iterator[str]:
    """Definitions in the order in which a reader meets them."""
    seen: set[str] = set()

    def walk(part: Any) -> Iterator[str]:
        if isinstance(part, list):
            for one in part:
                yield from walk(one)
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                yield name
                yield from walk(definitions[name])
            for key, one in part.items():
                if key not in ("$defs", "default", "discriminator"):
                    yield from walk(one)

    yield from walk(schema)


def _table(schema: Schema) -> list[str]:
    required = schema.get("required", [])
    lines = ["| property | form | when left out | what it is |", "|---|---|---|---|"]
    for name, part in schema["properties"].items():
        left_out = "**required**" if name in required else _default(part)
        lines.append(f"| `{name}` | {_form(part)} | {left_out} | {_meaning(part)} |")
    return lines


def _default(part: Schema) -> str:
    default = part.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return "" if default is not None else "none" if "default" in part else ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _form(part: Schema) -> str:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in part:
        return " or ".join(form for option in part["anyOf"] if (form := _form(option)) != "null")
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"] if value is not None)
    kinds = [
        kind for kind in ([part["type"]] if isinstance(part.get("type"), str) else part.get("type", ["anything"])) if kind != "null"
    ]
    return " or ".join(_KINDS.get(kind, _plain)(kind, part) for kind in kinds) or "null"


def _plain(kind: str, part: Schema) -> str:
    word = {"string": "text", "boolean": "`true` or `false`", "integer": "whole number"}.get(kind, kind)
    low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum", part.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"{word}, {low} to {high}"
    return word if low is None else f"{word}, {low} or more"


def _list(_: str, part: Schema) -> str:
    return f"list of {_form(part.get('items', {}))}"


def _mapping(_: str, part: Schema) -> str:
    return f"mapping of text to {_form(part.get('additionalProperties') or {})}"


_KINDS = {"array": _list, "object": _mapping}


def _meaning(part: Schema) -> str:
    description = str(part.get("description", ""))
    pattern = f" Form: `{part['pattern']}`" if "pattern" in part else ""
    return (description + pattern).replace("|", "\\|")


def main() -> None:
    """Write schema and page; run from the root of the checkout."""
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(reference_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
