"""Which commands there are. A command's module is imported when the command runs, so this table is all that `--help` pays for.

The short helps are the first sentences of the commands' docstrings; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LazyCommand:
    """A command by where its function is: `package.module:function`."""

    target: str
    help: str
    passes_arguments_on: bool = False
    """True where what the command does not know is handed on (to pytest)."""
    own_options_first: bool = False
    """True where everything from the first word on belongs to another program, whose options may be called like ours."""


@dataclass(frozen=True)
class LazyGroup:
    """Commands under one word, `shop-dev <group> <command>`."""

    help: str
    commands: dict[str, LazyCommand]


PROGRAM = "shop-dev"

COMMANDS: dict[str, LazyCommand | LazyGroup] = {
    "init": LazyCommand("shop_dev.commands.init:init", "Make this folder a project, with a service that starts and its contract."),
    "new": LazyGroup(
        "Add to the project.",
        {
            "service": LazyCommand(
                "shop_dev.commands.new.service:service", "Add a service that starts, with its manifest and its contract."
            ),
        },
    ),
    "up": LazyCommand("shop_dev.commands.up:up", "Start the sandbox, or go on from where it was stopped."),
    "down": LazyCommand("shop_dev.commands.down:down", "Stop the sandbox; its data stays for the next `up`."),
    "status": LazyCommand("shop_dev.commands.status:status", "Show what runs, where, and how it is doing."),
    "ls": LazyCommand("shop_dev.commands.ls:ls", "List the sandboxes that run, in which checkouts."),
    "wait": LazyCommand(
        "shop_dev.commands.wait:wait", "Wait until resources are healthy or stopped; without names, everything that was asked for."
    ),
    "logs": LazyCommand(
        "shop_dev.commands.logs:logs", "Show what services and resources have logged, oldest first, also after `down`."
    ),
    "trace": LazyCommand("shop_dev.commands.trace:trace", "Show what became of a request or an order, across HTTP and Kafka."),
    "explain": LazyCommand(
        "shop_dev.commands.explain:explain",
        "Tell what became of an order or a request, in sentences: what happened, what it waits for, since when, and why.",
    ),
    "events": LazyCommand(
        "shop_dev.commands.events:events", "Show what has happened in the sandbox: starts, deaths, restarts, changes of code."
    ),
    "restart": LazyCommand(
        "shop_dev.commands.restart:restart",
        "Stop resources in order and start them again, with what they need where that does not run.",
    ),
    "stop": LazyCommand("shop_dev.commands.stop:stop", "Stop some resources; the rest of the sandbox runs on."),
    "graph": LazyCommand(
        "shop_dev.commands.graph:graph",
        "Draw the services, what they own and how they reach each other, from the manifests.",
    ),
    "compose": LazyCommand(
        "shop_dev.commands.compose:compose",
        "Make compose.yaml from the manifests: the sandbox as containers, for `docker compose` alone.",
    ),
    "build": LazyCommand("shop_dev.commands.build:build", "Build the images of services, where what goes into them has changed."),
    "swap": LazyCommand(
        "shop_dev.commands.swap:swap", "Run your own process in the place of a service, under a debugger, say, until it ends."
    ),
    "env": LazyCommand(
        "shop_dev.commands.env:env", 'Print the variables through which programs find the sandbox, for `eval "$(shop-dev env)"`.'
    ),
    "seed": LazyCommand(
        "shop_dev.commands.seed:seed",
        "Fill the sandbox with data, by the command that the project names in its settings.",
        passes_arguments_on=True,
    ),
    "replay": LazyCommand(
        "shop_dev.commands.replay:replay",
        "Build a service's read models anew from the beginning of their topics, while the ones there are go on answering.",
    ),
    "load": LazyCommand(
        "shop_dev.commands.load:load", "Load what the project runs as visitors do, and say whether the objectives hold."
    ),
    "test": LazyCommand(
        "shop_dev.commands.test:test",
        "Run the project's tests: unit, contract, integration and end to end.",
        passes_arguments_on=True,
    ),
    "fetch": LazyCommand(
        "shop_dev.commands.fetch:fetch", "Download everything the sandbox needs, so that `up` works without a network."
    ),
    "cache": LazyGroup(
        "See and clear what all checkouts share on this machine: downloads and what is made from them.",
        {
            "list": LazyCommand(
                "shop_dev.commands.cache.listing:listing",
                "Say what the cache holds for all checkouts, how much it is, and when it was last used.",
            ),
            "prune": LazyCommand("shop_dev.commands.cache.prune:prune", "Remove from the cache what nobody has used for a month."),
        },
    ),
    "clock": LazyGroup(
        "Move the services' time forward, so that what expires in hours expires now.",
        {
            "show": LazyCommand("shop_dev.commands.clock.show:show", "Say what time the services think it is."),
            "advance": LazyCommand("shop_dev.commands.clock.advance:advance", "Move the services' time forward, at once."),
            "reset": LazyCommand("shop_dev.commands.clock.reset:reset", "Go back to real time."),
        },
    ),
    "topics": LazyCommand(
        "shop_dev.commands.topics:topics",
        "List Kafka's topics: what is in them, by which schema, who writes and reads them, and what is behind.",
    ),
    "peek": LazyCommand(
        "shop_dev.commands.peek:peek",
        "Show the newest records of a topic, each read with its own schema: Protobuf, Avro, JSON Schema or plain JSON.",
    ),
    "produce": LazyCommand(
        "shop_dev.commands.produce:produce",
        "Write JSON from standard input into a topic, checked against the schema that the topic has.",
    ),
    "lag": LazyCommand(
        "shop_dev.commands.lag:lag", "Say who is behind on which topic, by how much, since when, and what may be the reason."
    ),
    "tables": LazyCommand(
        "shop_dev.commands.tables:tables", "List the tables in PostgreSQL and DynamoDB: whose each is, and how much is in it."
    ),
    "queues": LazyCommand(
        "shop_dev.commands.queues:queues",
        "List the SQS queues: whose each is, and how many messages wait in it, are being handled, or are due later.",
    ),
    "buckets": LazyCommand(
        "shop_dev.commands.buckets:buckets",
        "List the S3 buckets: whose each is, how many objects are in it, and how large they are.",
    ),
    "sql": LazyCommand(
        "shop_dev.commands.sql:sql", "Open psql on a service's database, as that service.", passes_arguments_on=True
    ),
    "redis": LazyCommand(
        "shop_dev.commands.redis:redis", "Open redis-cli, or Valkey's, on the sandbox's Redis.", passes_arguments_on=True
    ),
    "aws": LazyCommand(
        "shop_dev.commands.aws:aws",
        "Run the AWS CLI on the sandbox's account, and on no other.",
        passes_arguments_on=True,
        own_options_first=True,
    ),
    "dlq": LazyGroup(
        "See the messages that a service could not handle, and send them back to it.",
        {
            "list": LazyCommand(
                "shop_dev.commands.dlq.list:list_letters",
                "List dead letters: how many each group has, or with a topic or group each of them, with why it died.",
            ),
            "show": LazyCommand(
                "shop_dev.commands.dlq.show:show",
                "Show one dead letter, decoded with the schema that its topic has now, and what sending it back would meet.",
            ),
            "redrive": LazyCommand(
                "shop_dev.commands.dlq.redrive:redrive",
                "Send dead letters back to the group that could not handle them, and to no other.",
            ),
        },
    ),
    "registry": LazyGroup(
        "Move schemas between this sandbox's Schema Registry and others that speak Confluent's API.",
        {
            "export": LazyCommand(
                "shop_dev.commands.registry.export:export",
                "Write all that a Schema Registry holds into a folder, which `registry import` takes.",
            ),
            "import": LazyCommand(
                "shop_dev.commands.registry.importing:import_schemas",
                "Bring all subjects of a Schema Registry, or of an exported folder, into another: ids, versions, config and modes.",
            ),
        },
    ),
    "contracts": LazyGroup(
        "Judge contracts: schemas, their changes and their style.",
        {
            "check": LazyCommand(
                "shop_dev.commands.contracts.check:check",
                "Say everything that keeps the contracts of this checkout from landing.",
            ),
            "generate": LazyCommand(
                "shop_dev.commands.contracts.generate:generate",
                "Make what is made from contracts: Protobuf and gRPC modules with type stubs, and AsyncAPI documents.",
            ),
            "docs": LazyCommand(
                "shop_dev.commands.contracts.docs:docs",
                "Write a browsable page of every REST interface and every event, in one file that needs no network.",
            ),
            "pacts": LazyCommand(
                "shop_dev.commands.contracts.pacts:pacts",
                "Write what consumers read of events as Pact v4 message files, for other teams' tools.",
            ),
            "lock": LazyCommand(
                "shop_dev.commands.contracts.lock:lock",
                "Pin the rules of this program in the rule-set lock; the exceptions in it stay.",
            ),
            "release": LazyCommand(
                "shop_dev.commands.contracts.release:release",
                "Move the contracts as they are into the baselines, which later changes are held against.",
            ),
            "new-version": LazyCommand(
                "shop_dev.commands.contracts.new_version:new_version",
                "Lay the next major version of a contract beside the one there is.",
            ),
            "compat": LazyCommand(
                "shop_dev.commands.contracts.compat:compat",
                "Say whether a Protobuf, Avro or JSON Schema may follow another, by Confluent's rules and by the house's.",
            ),
            "diff": LazyCommand(
                "shop_dev.commands.contracts.diff:diff",
                "Say what a new version of an OpenAPI document breaks, and whom.",
            ),
            "lint": LazyCommand(
                "shop_dev.commands.contracts.lint:lint",
                "Hold Protobuf files to the house's rules for names, folders, versions and comments.",
            ),
        },
    ),
    "doctor": LazyCommand("shop_dev.commands.doctor:doctor", "Say what is missing or wrong on this machine, and the fix."),
}


def with_json_behind_the_command(arguments: list[str]) -> list[str]:
    """Return the arguments with a `--json` that stands before or within the command's words moved behind them."""
    depth = len(command_named(arguments).split()) if command_named(arguments) != PROGRAM else 0
    leading: list[str] = []
    rest = list(arguments)
    while rest and depth and rest[0] != "--":
        word = rest.pop(0)
        leading.append(word)
        depth -= not word.startswith("-")
    return [word for word in leading if word != "--json"] + ["--json"] * ("--json" in leading) + rest


def command_named(arguments: list[str]) -> str:
    """The command that `arguments` name, with its group ("contracts check"), as far as they name one; else "shop-dev"."""
    words = [argument for argument in arguments if not argument.startswith("-")]
    entry = COMMANDS.get(words[0]) if words else None
    if entry is None:
        return PROGRAM
    if isinstance(entry, LazyGroup) and len(words) > 1 and words[1] in entry.commands:
        return f"{words[0]} {words[1]}"
    return words[0]
