"""Faults of what runs: processes, workers, builds, functions and their triggers, user pools, routes, alarms."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.checkout_tree import GLOBS, CheckoutTree
from shop_sandbox.errors import SandboxError
from shop_sandbox.manifest.loader import load_manifests


@pytest.fixture
def tree(tmp_path: Path) -> CheckoutTree:
    tree = CheckoutTree.plant(tmp_path)
    tree.plant_post()
    return tree


BROKEN: dict[str, tuple[str, str, str]] = {
    "a program that no build makes": (
        "outputs: [bin/post]",
        "outputs: [bin/other]",
        "runtime.command[0]: there is no file './bin/post'"
        " (a path is relative to the folder of service.yaml, and `build.outputs` does not list it)",
    ),
    "an input that is not there": (
        "inputs: [main.c]",
        "inputs: [mane.c]",
        "runtime.build.inputs[0]: there is no file or folder 'mane.c' (paths are relative to the folder of service.yaml)",
    ),
    "a watched folder that is not there": (
        "watch: [main.c]",
        "watch: [src]",
        "runtime.watch[0]: there is no file or folder 'src' (paths are relative to the folder of service.yaml)",
    ),
    "a health of no kind": (
        "health: {kind: tcp}",
        "health: {kind: udp}",
        'runtime.health.kind: "udp" is not one of http, tcp, command, none',
    ),
    "an interpreter without a function": (
        "health: {kind: tcp}",
        "interpreter: main.c",
        "runtime.interpreter: runs a Python function, and none is named (give `python`, or leave it out)",
    ),
    "a variable of the sandbox passed through": (
        "passThrough: [FRANKING_KEY]",
        "passThrough: [DATABASE_URL]",
        "runtime.passThrough[0]: DATABASE_URL is set by the sandbox (leave it out)",
    ),
    "a worker's size that Fargate does not have": (
        "deploy: {target: fargate, cpu: 256, memoryMiB: 512}",
        "deploy: {target: fargate, cpu: 256, memoryMiB: 4096}",
        "workers[0].deploy.memoryMiB: Fargate has no task with 256 CPU units and 4096 MiB (512, 1024, 2048)",
    ),
    "a package that its build does not make": (
        "outputs: [dist/labels.zip]",
        "outputs: [dist/label.zip]",
        "functions[0].package: `build.outputs` does not list 'dist/labels.zip' (list it there)",
    ),
    "a queue that is not there": (
        "queue: letters",
        "queue: leters",
        "functions[0].triggers[0].queue: the service has no queue 'leters' (did you mean 'letters'?)",
    ),
    "a batch that needs time to gather": (
        "batchSize: 10",
        "batchSize: 100",
        "functions[0].triggers[0].batchSize: more than 10 messages need time to gather (add `windowSeconds: 1` or more)",
    ),
    "a function that takes longer than a message is hidden": (
        "timeoutSeconds: 20",
        "timeoutSeconds: 200",
        "functions[0].triggers[0].queue: a message of 'letters' is hidden for 120 s, and the function may take 200 s"
        " (raise its visibilityTimeoutSeconds; AWS advises six times the function's timeout)",
    ),
    "a topic that is not consumed": (
        "{source: topic, topic: tills.sales.v1}",
        "{source: topic, topic: tills.sales.v2}",
        "functions[0].triggers[1].topic: the service does not consume the topic 'tills.sales.v2' (did you mean 'tills.sales.v1'?)",
    ),
    "a table without a stream": (
        ", stream: NEW_IMAGE",
        "",
        "functions[0].triggers[2].table: the table 'addresses' has no stream (add `stream: NEW_AND_OLD_IMAGES` to it)",
    ),
    "a bucket that is not there": (
        "bucket: stamps, prefix",
        "bucket: stamp, prefix",
        "functions[0].triggers[3].bucket: the service has no bucket 'stamp' (did you mean 'stamps'?)",
    ),
    "a rate that EventBridge refuses": (
        "rate(5 minutes)",
        "rate(1 minutes)",
        "functions[0].triggers[4].every: EventBridge refuses 'rate(1 minutes)' (write `rate(1 minute)`)",
    ),
    "a cron line of five fields": (
        "rate(5 minutes)",
        "cron(0 6 * * ?)",
        "functions[0].triggers[4].every: a cron line has six fields, and this has 5 (minutes hours day month weekday year)",
    ),
    "a cron line with two days": (
        "rate(5 minutes)",
        "cron(0 6 * * MON *)",
        "functions[0].triggers[4].every: day of month and weekday exclude each other (put `?` for one of the two)",
    ),
    "a trigger of no source": (
        "source: schedule",
        "source: clock",
        'functions[0].triggers[4].source: "clock" is not one of queue, topic, table, bucket, schedule, http',
    ),
    "a user pool that is not there": (
        '"/v1/letters/{id}", userPool: writers',
        '"/v1/letters/{id}", userPool: writer',
        "routes[0].userPool: there is no user pool 'writer' (did you mean 'writers'?)",
    ),
    "client credentials beside a password": (
        "flows: [client-credentials]",
        "flows: [client-credentials, refresh]",
        "needs.userPools[0].clients[1].flows: `client-credentials` goes with no other flow (make two clients of it)",
    ),
    "a scope that the pool does not have": (
        "scopes: [post/write], secret",
        "scopes: [post/wirte], secret",
        "needs.userPools[0].clients[1].scopes[0]: the pool 'writers' has no scope 'post/wirte' (did you mean 'post/write'?)",
    ),
    "a client of its own accord without a secret": (
        ", secret: true",
        "",
        "needs.userPools[0].clients[1]: `client-credentials` needs a secret (add `secret: true`)",
    ),
    "a gateway without a document": (
        "alarms:",
        "gateway: {userPool: writers, resourceServer: post}\nalarms:",
        "gateway: there is no OpenAPI document to make routes from (name one as `contracts.openapi`)",
    ),
    "a code that nobody knows where to send": (
        "flows: [password, refresh]",
        "flows: [authorization-code]",
        "needs.userPools[0].clients[0]: `authorization-code` needs to know where users go back to "
        "(list the addresses under `callbackUrls`)",
    ),
    "a client of its own accord at a pool without pages": (
        "      domain: post-writers\n",
        "",
        "needs.userPools[0].clients[1].flows: the pool 'writers' has no pages to sign in on (give the pool a `domain`)",
    ),
    "an alarm that tells nobody": (
        "notifies: delays",
        "notifies: delay",
        "alarms[0].notifies: there is no notification 'delay' (did you mean 'delays'?)",
    ),
    "an alarm quicker than AWS's metrics": (
        "threshold: 0,",
        "threshold: 0, periodSeconds: 10,",
        "alarms[0].periodSeconds: AWS's own metrics come once a minute (take 60 or more)",
    ),
    "an action for a thing of another kind": (
        "resources: [sender/desk]",
        "resources: [user-pool/writers]",
        "iam[0].resources[0]: actions of 'ses' do nothing to a user-pool"
        " (grant them in an entry of their own; a user-pool has cognito-idp)",
    ),
}


def faults(tree: CheckoutTree) -> list[str]:
    """What loading says, without file and line."""
    try:
        load_manifests(tree.root, GLOBS)
    except SandboxError as error:
        return [line.strip().split(" ", 1)[1] for line in error.message.splitlines()[1:]]
    return []


def test_everything_that_a_manifest_can_say_is_sound(tree: CheckoutTree) -> None:
    assert faults(tree) == []


@pytest.mark.parametrize(("old", "new", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_fault_is_told_with_what_to_do(tree: CheckoutTree, old: str, new: str, told: str) -> None:
    tree.change("post", old, new)

    assert set(faults(tree)) == {told}


def test_a_worker_cannot_be_called(tree: CheckoutTree) -> None:
    tree.change("post", "health: {kind: tcp}\n  ports: [grpc]", "health: {kind: none}")
    tree.change("post", 'routes:\n  - {method: GET, path: "/v1/letters/{id}", userPool: writers}\n', "")
    tree.change("tills", "services: [stock]", "services: [stock, post]")

    assert faults(tree) == [
        "needs.services[1]: 'post' has no port to call (give it `health: {kind: http}` or a port, or send it an event)"
    ]


def test_a_part_has_a_name_of_its_own(tree: CheckoutTree) -> None:
    tree.change("post", "name: franker", "name: labels")

    told = "'labels' is the name of two of its workers and functions (a part of a service has a name of its own)"
    assert set(faults(tree)) == {f"workers[1].name: {told}", f"functions[0].name: {told}"}


def test_a_part_does_not_take_a_services_name(tree: CheckoutTree) -> None:
    tree.change("tills", "service: tills", "service: post-sorter")

    assert "workers[0].name: it would run as 'post-sorter', which is another service (choose another name)" in faults(tree)


def test_a_route_leads_to_one_place(tree: CheckoutTree) -> None:
    tree.change("tills", "slo:\n", "routes:\n  - {method: GET, path: '/v1/letters/{id}'}\nslo:\n")

    assert set(faults(tree)) == {
        "routes[0].path: the route GET /v1/letters/{id} is listed by post as well (a route leads to one place)",
        "routes[0].path: the route GET /v1/letters/{id} is listed by tills as well (a route leads to one place)",
    }


def test_a_service_of_nothing_is_refused(tree: CheckoutTree) -> None:
    manifest = tree.root / "services/stock/service.yaml"
    text = manifest.read_text().replace("runtime:\n  python: stock.program:main\n", "")
    manifest.write_text(text, encoding="utf-8")

    assert "nothing of it runs (give it a `runtime`, `workers` or `functions`)" in faults(tree)
