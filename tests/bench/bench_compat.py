"""Times a compatibility check on files of 500 messages, compiling included. Prints; asserts nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from shop_contracts.compat import Level, Mode, Schema, check
from shop_contracts.protobuf.compiler import compile_proto

MESSAGES = 500
ROUNDS = 7


def text(*, added_to: range) -> str:
    """A file of 500 messages with ten fields each; those in `added_to` have one more."""
    lines = ['syntax = "proto3"; package bench.v1; enum State { STATE_UNSPECIFIED = 0; STATE_PAID = 1; }']
    for number in range(MESSAGES):
        before = f"M{number - 1} before = 6;" if number else ""
        added = "string added = 11;" if number in added_to else ""
        lines.append(
            f"message M{number} {{ string id = 1; int64 amount = 2; repeated string tags = 3; map<string, int32> counts = 4; "
            f"State state = 5; {before} oneof kind {{ string a = 7; int32 b = 8; }} double d = 9; bool e = 10; {added} }}"
        )
    return "\n".join(lines)


def measure(name: str, work: Callable[[], object]) -> None:
    """Print the best of several rounds in milliseconds: by the clock, and of CPU, which a busy machine blurs less."""
    clock, cpu = [], []
    for _ in range(ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    sys.stdout.write(f"{name:<58} {min(clock) * 1000:7.1f} ms   CPU {min(cpu) * 1000:7.1f} ms\n")


def main() -> None:
    """Print how long compiling and checking takes, with one message changed and with all."""
    old, small, large = text(added_to=range(0)), text(added_to=range(7, 8)), text(added_to=range(MESSAGES))

    def compat(new: str, *modes: Mode) -> Callable[[], object]:
        def work() -> object:
            before, after = Schema.compiled(compile_proto(old)), Schema.compiled(compile_proto(new))
            return [check([before], after, level=Level.BACKWARD, mode=mode) for mode in modes]

        return work

    measure("compile one file", lambda: compile_proto(old))
    for changed, new in (("one message", small), ("every message", large)):
        measure(f"compile both, confluent, {changed} changed", compat(new, Mode.CONFLUENT))
        measure(f"compile both, confluent and house, {changed} changed", compat(new, Mode.CONFLUENT, Mode.HOUSE))


if __name__ == "__main__":
    main()
