"""Looks for changes that are called safe and are not, over random schemas: `just search-counter-examples --pairs 100000`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from fakes.openapi import Json, compared, request, response
from fakes.schema_pairs import Pairs
from jsonschema import Draft202012Validator


def main() -> None:
    """Print each counter-example, and what was compared. Ends with 1 when there is one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=100_000)
    options.add_argument("--instances", type=int, default=20)
    options.add_argument("--seed", type=int, default=int(time.time()))
    asked = options.parse_args()
    pairs, found, began = Pairs(asked.seed), Counter[str](), time.monotonic()
    for number in range(asked.pairs):
        old, new = pairs.pair()
        document = request if number % 2 else response
        report = compared(document(old), document(new))
        told = "breaking" if not report.compatible else "warned of" if report.findings else "safe"
        found[told] += 1
        if told == "safe" and (
            instance := _counter_example(pairs, (old, new) if document is request else (new, old), asked.instances)
        ):
            found["WRONGLY safe"] += 1
            print(json.dumps({"as": document.__name__, "old": old, "new": new, "instance": instance[0]}))
    print(f"seed {asked.seed}: {dict(found)} in {time.monotonic() - began:.0f} s")
    sys.exit(bool(found["WRONGLY safe"]))


def _counter_example(pairs: Pairs, sides: tuple[Json, Json], count: int) -> list[Json]:
    producer, consumer = (Draft202012Validator(side) for side in sides)
    return [one for one in pairs.instances(sides[0], count) if producer.is_valid(one) and not consumer.is_valid(one)][:1]


if __name__ == "__main__":
    main()
