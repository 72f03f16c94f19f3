"""Every fault of every manifest is told at once, with its place and a hint. Each case is compared whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.checkout_tree import GLOBS, TILLS, CheckoutTree
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.manifest.form import Local
from shop_sandbox.manifest.loader import load_manifests

S = "services/stock/service.yaml"
T = "services/tills/service.yaml"


@pytest.fixture
def tree(tmp_path: Path) -> CheckoutTree:
    return CheckoutTree.plant(tmp_path)


def faults(tree: CheckoutTree) -> list[str]:
    """What loading the checkout says, a line a fault, without the headline."""
    with pytest.raises(SandboxError) as raised:
        load_manifests(tree.root, GLOBS)
    assert raised.value.code is ErrorCode.MANIFEST_INVALID
    return [line.strip() for line in raised.value.message.splitlines()[1:]]


def test_a_first_try_needs_neither_deploy_nor_slo(tree: CheckoutTree) -> None:
    manifest = tree.root / S
    manifest.write_text(manifest.read_text().partition("deploy:")[0], encoding="utf-8")

    stock = next(one.service for one in load_manifests(tree.root, GLOBS) if one.service.service == "stock")

    assert (stock.deploy, stock.slo) == (None, None)


def test_a_stand_in_runs_in_sandboxes_only(tree: CheckoutTree) -> None:
    tree.change("stock", "target: fargate\n  cpu: 256\n  memoryMiB: 512", "target: local")

    assert load_manifests(tree.root, GLOBS)[0].service.deploy == Local()


def test_sound_manifests_load_in_the_order_of_their_names(tree: CheckoutTree) -> None:
    assert [manifest.service.service for manifest in load_manifests(tree.root, GLOBS)] == ["stock", "tills"]


BROKEN: dict[str, tuple[str, str, str, list[str]]] = {
    "a misspelt property": (
        "stock",
        "owner: warehouse",
        "ownr: warehouse",
        [
            f"{S}:1:1: 'owner' is missing (The team that answers for it.)",
            f"{S}:4:1: ownr: unknown property (did you mean 'owner'?)",
        ],
    ),
    "a misspelt property beside the right one": (
        "stock",
        "summary: What is on the shelves",
        "summary: What is on the shelves\nsumary: twice",
        [f"{S}:4:1: sumary: unknown property (did you mean 'summary'?)"],
    ),
    "a misspelt property deep down": (
        "stock",
        "      ttl: expires_at",
        "      tll: expires_at",
        [f"{S}:22:7: needs.tables[0].tll: unknown property (did you mean 'ttl'?)"],
    ),
    "a value that is not among those allowed": (
        "stock",
        "stream: NEW_AND_OLD_IMAGES",
        "stream: NEW_AND_OLD_IMAGE",
        [
            f'{S}:21:7: needs.tables[0].stream: "NEW_AND_OLD_IMAGE" is not one of KEYS_ONLY,'
            " NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE"
            " (did you mean 'NEW_AND_OLD_IMAGES'?)"
        ],
    ),
    "a number where text belongs": (
        "stock",
        'value: "5"',
        "value: 5",
        [f"{S}:40:7: needs.parameters[0].value: must be text, and is 5 (quote it)"],
    ),
    "text where a number belongs": (
        "stock",
        "visibilityTimeoutSeconds: 60",
        "visibilityTimeoutSeconds: a minute",
        [
            f'{S}:25:7: needs.queues[0].visibilityTimeoutSeconds: must be a whole number, and is "a minute"'
            " (How long a received message stays hidden from other receivers.)"
        ],
    ),
    "a number out of bounds": (
        "stock",
        "maxReceives: 3",
        "maxReceives: 0",
        [f"{S}:26:20: needs.queues[0].deadLetter.maxReceives: 0 is less than 1 (Deliveries before it moves.)"],
    ),
    "a name that AWS refuses": (
        "stock",
        "- name: photos",
        "- name: Photos_of_stock",
        [
            f'{S}:33:7: needs.buckets[0].name: "Photos_of_stock" does not have the right form'
            " (Name of an S3 bucket: lower-case letters, digits and hyphens, at most 50 characters.)"
        ],
    ),
    "a list where a mapping belongs": (
        "stock",
        "runtime:\n  python: stock.program:main",
        "runtime: [python]",
        [
            f"{S}:5:1: runtime: must be a mapping, and is a list"
            " (How a process runs in the sandbox: a Python function, or any program.)"
        ],
    ),
    "an empty document part": (
        "stock",
        "  - name: arrivals\n  b",
        "  -\n  b",
        [f"{S}:31:6: needs.notifications[0]: must be a mapping, and is empty (An SNS topic.)"],
    ),
    "an empty name": (
        "stock",
        "summary: What is on the shelves",
        'summary: ""',
        [f'{S}:3:1: summary: "" is shorter than 1 (What it is for, in a line.)'],
    ),
    "a lower-case variable": (
        "stock",
        "python: stock.program:main",
        "python: stock.program:main\n  environment: {max: '1'}",
        [f'{S}:7:3: runtime.environment: "max" does not have the right form (Name of a variable, in upper case.)'],
    ),
    "more databases than one": (
        "tills",
        "      migrations: migrations",
        "    - name: other",
        [
            f"{T}:15:3: needs.databases: a list has more entries than 1"
            " (The PostgreSQL database it owns: one, its address is in `DATABASE_URL`.)"
        ],
    ),
    "two ways to run": (
        "tills",
        "  command: [sh, -c, sleep 1]",
        "  command: [sh]\n  python: tills.program:main",
        [f"{T}:5:1: runtime: both 'python' and 'command' are given (exactly one is)"],
    ),
    "no way to run": (
        "tills",
        "  command: [sh, -c, sleep 1]\n",
        "",
        [f"{T}:5:1: runtime: neither 'python' nor 'command' is given (exactly one is)"],
    ),
    "a deploy target that is none": (
        "stock",
        "target: fargate",
        "target: kubernetes",
        [f'{S}:42:3: deploy.target: "kubernetes" is not one of fargate, local'],
    ),
    "a deploy without a target": (
        "stock",
        "  target: fargate\n",
        "",
        [f"{S}:41:1: deploy: 'target' is missing (one of fargate, local)"],
    ),
    "a property of the other target": (
        "tills",
        "handler: tills.handle",
        "handler: tills.handle\n    cpu: 256",
        [
            f"{T}:26:5: functions[0].cpu: unknown property"
            " (known: build, environment, memoryMiB, package, runtime, timeoutSeconds, triggers)"
        ],
    ),
    "a task size that Fargate does not have": (
        "stock",
        "memoryMiB: 512",
        "memoryMiB: 8192",
        [f"{S}:44:3: deploy.memoryMiB: Fargate has no task with 256 CPU units and 8192 MiB (512, 1024, 2048)"],
    ),
    "a module that is not there": (
        "stock",
        "python: stock.program:main",
        "python: stock.progam:main",
        [f"{S}:6:3: runtime.python: there is no module 'stock.progam' (did you mean 'program'?)"],
    ),
    "a function that is not there": (
        "stock",
        "python: stock.program:main",
        "python: stock.program:run",
        [f"{S}:6:3: runtime.python: the module 'stock.program' has nothing named 'run' (write a function without parameters)"],
    ),
    "a target that is no target": (
        "stock",
        "python: stock.program:main",
        "python: stock/program.py",
        [
            f'{S}:6:3: runtime.python: "stock/program.py" does not have the right form'
            " (`package.module:function`, called without arguments in a process of its own.)"
        ],
    ),
    "a program that is not there": (
        "tills",
        "[sh, -c, sleep 1]",
        "[./run.sh]",
        [f"{T}:6:13: runtime.command[0]: there is no file './run.sh' (a path is relative to the folder of service.yaml)"],
    ),
    "a variable of the sandbox": (
        "stock",
        "python: stock.program:main",
        "python: stock.program:main\n  environment: {DATABASE_URL: x, FEED_TOKEN: abc}",
        [
            f"{S}:7:17: runtime.environment.DATABASE_URL: is set by the sandbox (leave it out, or choose another name)",
            f"{S}:7:34: runtime.environment.FEED_TOKEN: looks like a secret (declare it under needs.secrets)",
        ],
    ),
    "an OpenAPI document that is not there": (
        "stock",
        "openapi: contracts/stock.yaml",
        "openapi: contracts/stocks.yaml",
        [f"{S}:8:3: contracts.openapi: there is no file 'contracts/stocks.yaml' (did you mean 'stock.yaml'?)"],
    ),
    "a contract outside the checkout": (
        "stock",
        "openapi: contracts/stock.yaml",
        "openapi: ../stock.yaml",
        [f"{S}:8:3: contracts.openapi: '../stock.yaml' is outside the checkout (contracts live in the repository)"],
    ),
    "a schema that is not there": (
        "tills",
        "schema: contracts/sales.proto",
        "schema: contract/sales.proto",
        [
            f"{T}:13:9: needs.topics.produces[0].schema: there is no file 'contract/sales.proto'"
            " (there is no folder 'contract' either)"
        ],
    ),
    "a message that is not in its schema": (
        "tills",
        "message: tills.v1.Sale",
        "message: tills.v1.Ghost",
        [
            f"{T}:14:9: needs.topics.produces[0].message: 'contracts/sales.proto' has no message 'tills.v1.Ghost'"
            " (did you mean 'tills.v1.Sale'?)"
        ],
    ),
    "a topic in Protobuf that names no message": (
        "tills",
        "        message: tills.v1.Sale\n",
        "",
        [f"{T}:12:9: needs.topics.produces[0]: needs `message` (name the message of the Protobuf file that the topic carries)"],
    ),
    "a schema in no language that is known": (
        "tills",
        "schema: contracts/sales.proto",
        "schema: services/tills/service.yaml",
        [
            f"{T}:13:9: needs.topics.produces[0].schema: 'services/tills/service.yaml' is no schema by its ending"
            " (use .proto, .avsc (Avro) or .json (JSON Schema))"
        ],
    ),
    "a topic that nobody produces": (
        "stock",
        "- name: tills.sales.v1",
        "- name: tills.sale.v1",
        [f"{S}:12:9: needs.topics.consumes[0].name: nobody produces the topic 'tills.sale.v1' (did you mean 'tills.sales.v1'?)"],
    ),
    "a topic of another repository that is not released there": (
        "stock",
        "- name: tills.sales.v1\n",
        "- name: tills.sale.v1\n        releasedIn: ../tills/baselines\n",
        [
            f"{S}:13:9: needs.topics.consumes[0].releasedIn: '../tills/baselines' has no released contract of 'tills.sale.v1'"
            " (there is no such folder; it is relative to the root of this checkout)"
        ],
    ),
    "a setting that has a property of its own": (
        "tills",
        "message: tills.v1.Sale",
        "message: tills.v1.Sale\n        config: {retention.ms: '1'}",
        [f"{T}:15:18: needs.topics.produces[0].config.retention.ms: has a property of its own (use `retentionHours`)"],
    ),
    "a service that is not there": (
        "tills",
        "services: [stock]",
        "services: [stocks]",
        [f"{T}:9:14: needs.services[0]: there is no service 'stocks' (did you mean 'stock'?)"],
    ),
    "a policy for calls that nobody makes": (
        "tills",
        "needs:\n",
        "resilience:\n  calls: [{service: stok}]\nneeds:\n",
        [f"{T}:9:12: resilience.calls[0].service: it does not call 'stok' (did you mean 'stock'?)"],
    ),
    "services in a circle": (
        "stock",
        "needs:\n",
        "needs:\n  services: [tills]\n",
        [
            f"{S}:10:14: needs.services[0]: services call each other in a circle: stock -> tills -> stock"
            " (answer one of these calls by an event)",
            f"{T}:9:14: needs.services[0]: services call each other in a circle: tills -> stock -> tills"
            " (answer one of these calls by an event)",
        ],
    ),
    "a service that calls itself": (
        "tills",
        "services: [stock]",
        "services: [tills]",
        [f"{T}:9:14: needs.services[0]: a service does not call itself (remove it)"],
    ),
    "a key attribute of two types": (
        "stock",
        "key: {partition: {name: product}}",
        "key: {partition: {name: slot}}",
        [
            f"{S}:19:17: needs.tables[0].indexes[0].key.partition.type: 'slot' is of type N in another key of this table"
            " (an attribute has one type in a table)"
        ],
    ),
    "an expiry that is a key": (
        "stock",
        "ttl: expires_at",
        "ttl: slot",
        [f"{S}:22:7: needs.tables[0].ttl: 'slot' is part of a key (the expiry is an attribute of its own)"],
    ),
    "one attribute twice in a key": (
        "stock",
        "sort: {name: slot, type: N}",
        "sort: {name: shelf}",
        [f"{S}:16:46: needs.tables[0].key.sort.name: is the partition key already (take another attribute)"],
    ),
    "a subscription to nothing": (
        "stock",
        "- notification: arrivals",
        "- notification: arrival",
        [
            f"{S}:28:11: needs.queues[0].subscriptions[0].notification: there is no notification 'arrival'"
            " (did you mean 'arrivals'?)"
        ],
    ),
    "a dead-letter queue of one's own": (
        "stock",
        "  notifications:\n",
        "    - name: deliveries-dlq\n  notifications:\n",
        [f"{S}:24:7: needs.queues[0].name: its dead-letter queue 'deliveries-dlq' is listed as a queue (remove that; it is made)"],
    ),
    "a FIFO topic into a plain queue": (
        "stock",
        "- notification: arrivals\n          filter: {kind: [pallet, {prefix: box}]}\n  notifications:\n    - name: arrivals",
        "- notification: arrivals.fifo\n  notifications:\n    - name: arrivals.fifo",
        [
            f"{S}:28:11: needs.queues[0].subscriptions[0].notification: a FIFO topic delivers to FIFO queues only"
            " (name the queue 'deliveries.fifo')"
        ],
    ),
    "a migrations folder that is not there": (
        "tills",
        "migrations: migrations",
        "migrations: migration",
        [
            f"{T}:17:7: needs.databases[0].migrations: there is no folder 'migration' beside service.yaml"
            " (make it, with a first file `0001_create.sql`)"
        ],
    ),
    "a database of the server itself": (
        "tills",
        "    - name: tills\n      migrations",
        "    - name: postgres\n      migrations",
        [f"{T}:16:7: needs.databases[0].name: 'postgres' is a database of the server itself (name it like the service)"],
    ),
    "a secret that its owner does not have": (
        "tills",
        "name: stock/feed",
        "name: stock/feeds",
        [f"{T}:22:7: needs.secrets[0].ownedBy: 'stock' declares no secret 'stock/feeds' (did you mean 'stock/feed'?)"],
    ),
    "an IAM action with a wildcard": (
        "stock",
        "[dynamodb:GetItem, dynamodb:PutItem]",
        "[dynamodb:GetItem, 'dynamodb:*']",
        [f"{S}:46:33: iam[0].actions[1]: 'dynamodb:*' has a wildcard (name each action: what is not named is not allowed)"],
    ),
    "everything allowed": (
        "stock",
        "[dynamodb:GetItem, dynamodb:PutItem]\n    resources: [table/shelves]",
        "['*']\n    resources: ['*']",
        [
            f"{S}:46:15: iam[0].actions[0]: '*' has a wildcard (name each action: what is not named is not allowed)",
            f"{S}:47:17: iam[0].resources[0]: '*' is neither `<kind>/<name>` nor an ARN"
            " (known: bucket, notification, parameter, queue, secret, sender, table, user-pool)",
        ],
    ),
    "a grant on what the service does not have": (
        "stock",
        "table/shelves",
        "table/shelve",
        [f"{S}:47:17: iam[0].resources[0]: the service has no table 'shelve' (did you mean 'shelves'?)"],
    ),
    "a grant on a parameter of another path": (
        "stock",
        "[dynamodb:GetItem, dynamodb:PutItem]\n    resources: [table/shelves]",
        "[ssm:GetParameter]\n    resources: [parameter/stock/low-water, parameter/stock/lowwater]",
        [f"{S}:47:44: iam[0].resources[1]: the service has no parameter '/stock/lowwater' (did you mean '/stock/low-water'?)"],
    ),
    "actions that do not fit the thing": (
        "stock",
        "table/shelves",
        "queue/deliveries",
        [
            f"{S}:47:17: iam[0].resources[0]: actions of 'dynamodb' do nothing to a queue"
            " (grant them in an entry of their own; a queue has sqs)"
        ],
    ),
    "a tail latency below the usual one": (
        "stock",
        "latencyP95Ms: 200",
        "latencyP95Ms: 200\n  latencyP99Ms: 100",
        [f"{S}:51:3: slo.latencyP99Ms: is less than latencyP95Ms (200)"],
    ),
    "a name of the sandbox's own": (
        "stock",
        "service: stock",
        "service: kafka",
        [
            f"{S}:2:1: service: 'kafka' is the name of a part of the sandbox (choose another name)",
            f"{T}:9:14: needs.services[0]: there is no service 'stock' (known: kafka)",
            f"{T}:22:7: needs.secrets[0].ownedBy: 'stock' declares no secret 'stock/feed' (kafka has it)",
        ],
    ),
    "a key that stands twice": (
        "stock",
        "owner: warehouse",
        "owner: warehouse\nowner: other",
        [f"{S}:5:1: owner: stands twice in one mapping (keep one of the two)"],
    ),
    "a broken line": (
        "stock",
        "owner: warehouse",
        "owner: the: warehouse",
        [
            f"{S}:4:11: not valid YAML: mapping values are not allowed in this context"
            " (check the indentation, and quote values that contain `: ` or start with one of `{ [ * & ! % @`)"
        ],
    ),
    "a whole number written as a fraction": (
        "stock",
        "memoryMiB: 512",
        "memoryMiB: 512.0",
        [f"{S}:44:3: deploy.memoryMiB: must be a whole number, and is 512.0 (Memory.)"],
    ),
    "a tab": (
        "stock",
        "  python: stock",
        "\tpython: stock",
        [f"{S}:6:1: not valid YAML: found character that cannot start any token (indent with spaces, not tabs)"],
    ),
    "an anchor": (
        "stock",
        "owner: warehouse",
        "owner: &team warehouse",
        [f"{S}:4:8: anchors and aliases are not allowed (write the value out where it is used)"],
    ),
    "a tag": (
        "stock",
        "owner: warehouse",
        "owner: !!python/object/apply:os.system [id]",
        [f"{S}:4:8: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed (manifests are plain data)"],
    ),
    "a second document": (
        "stock",
        "slo:\n",
        "---\nslo:\n",
        [f"{S}:49:1: a second document starts here (one manifest a file: remove `---` and what follows)"],
    ),
}


@pytest.mark.parametrize(("service", "old", "new", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_manifest_is_refused_with_place_and_hint(
    tree: CheckoutTree, service: str, old: str, new: str, told: list[str]
) -> None:
    tree.change(service, old, new)

    assert faults(tree) == told


def test_faults_of_all_manifests_come_together(tree: CheckoutTree) -> None:
    tree.change("stock", "owner: warehouse", "ownr: warehouse")
    tree.change("stock", "maxReceives: 3", "maxReceives: none")
    tree.change("tills", "handler: tills.handle", "handler: 7")

    assert faults(tree) == [
        f"{S}:1:1: 'owner' is missing (The team that answers for it.)",
        f"{S}:4:1: ownr: unknown property (did you mean 'owner'?)",
        f'{S}:26:20: needs.queues[0].deadLetter.maxReceives: must be a whole number, and is "none" (Deliveries before it moves.)',
        f"{T}:25:5: functions[0].handler: must be text, and is 7 (quote it)",
    ]


def test_a_broken_manifest_raises_no_echo_in_others(tree: CheckoutTree) -> None:
    tree.change("tills", "handler: tills.handle", "handler: 7")

    assert faults(tree) == [f"{T}:25:5: functions[0].handler: must be text, and is 7 (quote it)"]


def test_a_manifest_that_cannot_be_read_raises_no_echo_in_others(tree: CheckoutTree) -> None:
    tree.write(T, "{")

    assert [line.partition(" ")[0] for line in faults(tree)] == [f"{T}:2:1:"]


def test_the_error_carries_the_faults_as_records(tree: CheckoutTree) -> None:
    tree.change("stock", "latencyP95Ms: 200", "latencyP95Ms: 0")

    with pytest.raises(SandboxError) as raised:
        load_manifests(tree.root, GLOBS)

    assert raised.value.message.splitlines()[0] == "1 fault in 1 service manifest:"
    assert raised.value.detail == {
        "faults": [
            {
                "file": S,
                "line": 50,
                "column": 3,
                "path": "slo.latencyP95Ms",
                "message": "0 is less than 1",
                "hint": "95 of 100 requests are answered within this time.",
            }
        ]
    }


def test_two_services_of_one_name_are_both_told(tree: CheckoutTree) -> None:
    tree.change("tills", "service: tills", "service: stock")
    tree.change("tills", "services: [stock]", "services: []")
    tree.change("tills", "ownedBy: stock", "generate: text")

    assert faults(tree) == [
        f"{S}:2:1: service: 'stock' is the name of another service (also in {T})",
        f"{S}:37:7: needs.secrets[0].name: the secret 'stock/feed' is listed twice (keep one of the two)",
        f"{T}:2:1: service: 'stock' is the name of another service (also in {S})",
        f"{T}:21:7: needs.secrets[0].name: the secret 'stock/feed' is listed twice (keep one of the two)",
    ]


def test_a_topic_has_one_producer(tree: CheckoutTree) -> None:
    tree.change(
        "stock",
        "    consumes:\n",
        "    produces:\n      - {name: tills.sales.v1, schema: contracts/sales.proto, message: tills.v1.Sale}\n    consumes:\n",
    )

    assert faults(tree) == [
        f"{S}:12:10: needs.topics.produces[0].name: tills produces the topic 'tills.sales.v1' as well"
        " (a thing has one owner: the others ask it)",
        f"{T}:12:9: needs.topics.produces[0].name: stock produces the topic 'tills.sales.v1' as well"
        " (a thing has one owner: the others ask it)",
    ]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (("create.sql",), "not named like a migration: create.sql (name them `NNNN_name.sql`, as in `0001_create.sql`)"),
        (
            ("0001_more.sql",),
            "two migrations have the number 0001: 0001_more.sql, 0001_sales.sql (give the newer one the next free number)",
        ),
    ],
)
def test_migrations_have_a_number_each(tree: CheckoutTree, files: tuple[str, ...], told: str) -> None:
    for name in files:
        tree.write(f"services/tills/migrations/{name}", "SELECT 1;")

    assert faults(tree) == [f"{T}:17:7: needs.databases[0].migrations: {told}"]


EXPLODING: dict[str, Callable[[], str]] = {
    "aliases of aliases": lambda: (
        "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
    ),
    "a hundred thousand brackets": lambda: "a: " + "[" * 100_000 + "]" * 100_000,
    "ten thousand levels of lists": lambda: "- " * 10_000 + "a",
    "more text than a manifest has": lambda: "# " + "x" * 300_000,
}


@pytest.mark.parametrize("text", EXPLODING.values(), ids=EXPLODING.keys())
def test_yaml_that_explodes_is_refused_with_one_line(tree: CheckoutTree, text: Callable[[], str]) -> None:
    tree.write(S, text())

    (told,) = faults(tree)

    assert told.startswith(f"{S}:1:")


def test_services_of_other_checkouts_join_by_any_glob(tree: CheckoutTree, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    tree.plant_post()
    (tree.root / "services/post").rename(other / "post")
    (other / ".git").mkdir()
    own = load_manifests(tree.root, GLOBS)

    for pattern in (f"{other}/*/service.yaml", os.path.relpath(other / "post/service.yaml", tree.root), f"{other}/**/service.yaml"):
        post, *others = load_manifests(tree.root, [*GLOBS, pattern])
        assert (post.service.service, post.root, post.folder) == ("post", other, other / "post")
        assert tuple(others) == own


def test_contracts_of_another_checkout_are_found_there(tree: CheckoutTree, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = CheckoutTree(tmp_path_factory.mktemp("other"))
    other.write("shop-dev.toml", "")
    other.write("tills/service.yaml", TILLS)
    (tree.root / "services/tills/migrations").rename(other.root / "tills/migrations")
    (tree.root / "contracts/sales.proto").rename(other.root / "sales.proto")
    (tree.root / "services/tills/service.yaml").unlink()
    named = f"{other.root}/tills/service.yaml"

    with pytest.raises(SandboxError) as raised:
        load_manifests(tree.root, [*GLOBS, named])
    other.write("contracts/sales.proto", (other.root / "sales.proto").read_text())

    assert "there is no file 'contracts/sales.proto'" in raised.value.message
    assert len(load_manifests(tree.root, [*GLOBS, named])) == 2


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("services/stok/service.yaml", "the settings name this manifest, and there is no such file"),
        ("../nobody/service.yaml", "nobody is not there"),
        ("services/stock", "write `services/stock/service.yaml`"),
        ("", "finds the folder"),
    ],
)
def test_a_glob_that_leads_nowhere_is_refused(tree: CheckoutTree, pattern: str, told: str) -> None:
    with pytest.raises(SandboxError, match=re.escape(told)) as raised:
        load_manifests(tree.root, [pattern])
    assert raised.value.code is ErrorCode.MANIFEST_INVALID


def test_a_glob_that_finds_nothing_yet_is_none_of_the_matter(tree: CheckoutTree) -> None:
    assert load_manifests(tree.root, ["nothing/*/service.yaml"]) == ()


def test_bytes_that_are_no_text_are_refused(tree: CheckoutTree) -> None:
    (tree.root / S).write_bytes(b"service: \xff\xfe")

    assert faults(tree) == [f"{S}:1:1: the file is not UTF-8 text"]
