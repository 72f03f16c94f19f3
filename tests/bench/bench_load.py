"""What `shop-dev load` adds to what it measures: its generator and wrk against the same server that does nothing, at the same rate.

wrk has no rates, so each of its connections waits between its requests; both sides then send as many requests a second. With
`--soak MINUTES` the generator runs on, and how much its process grows is told. Prints, and writes docs/reference/performance.md;
asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from bench.figures import head, table, write
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, Stage
from shop_loadtests.run import Measured, run

CONNECTIONS = 100
PERCENTILES = (50.0, 95.0, 99.0)
SOURCE = Source("bench.one_call", str(Path(__file__).resolve().parents[1]))
_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_LINE = re.compile(r"^\s+(50|75|90|95|99)%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")


@contextmanager
def target() -> Iterator[str]:
    """Give the address of a server in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", "bench.trivial_target"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline() if process.stdout else 0)}"
        finally:
            process.terminate()


@dataclass
class Ours:
    """A run of our own: what was measured, the generator's sizes by second, and the processor seconds of a request."""

    measured: Measured
    sizes: list[int]
    cpu_seconds: float


def ours(url: str, *, rate: float, seconds: float) -> Ours:
    """Make one call a visit."""
    profile = Profile("One call a visit.", {"once": 1}, (Stage(seconds, rate),), ())
    found, before = Ours(Measured(), [], 0.0), None
    for measured in run(profile, target=url, source=SOURCE, data={}, seed=1):
        found.measured = measured
        for one in psutil.Process().children():
            if "shop_loadtests.generator" in one.cmdline():
                used = sum(one.cpu_times()[:2])
                before = (used, measured.operations["ask"].count) if before is None else before
                found.sizes.append(one.memory_info().rss)
                found.cpu_seconds = (used - before[0]) / max(measured.operations["ask"].count - before[1], 1)
    return found


def wrks(url: str, *, rate: float, seconds: float) -> tuple[float, dict[float, float]]:
    """Let wrk ask about as often; return its rate and milliseconds by percentile."""
    pause = round(1000 * CONNECTIONS / rate)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"local asked = {{}}\nfunction delay() return {pause} end\n")
        script.write("function done(_, latency, _)\n  for _, at in pairs({50, 95, 99}) do\n")
        script.write('    io.write(string.format("%7g%% %.3fms\\n", at, latency:percentile(at) / 1000))\n  end\nend\n')
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{round(seconds)}s", "-s", script.name, url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rates = _RATE.search(said)
    found = {float(at): float(value) * _MILLISECONDS[unit] for at, value, unit in _LINE.findall(said)}
    return float(rates[1]) if rates else 0.0, found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    rows = []
    with target() as url:
        if shutil.which("wrk") is not None:
            rate, found = wrks(url, rate=asked.rate, seconds=asked.seconds)
            rows.append(["wrk", f"{rate:,.0f}", *(f"{found.get(at, 0):.2f} ms" for at in PERCENTILES), "", ""])
        found_by_us = ours(url, rate=asked.rate, seconds=asked.seconds)
        measured = found_by_us.measured
        calls, generator = measured.operations["ask"], measured.generator
        figures = [f"{calls.milliseconds(at):.2f} ms" for at in PERCENTILES]
        late = f"{generator.late / max(generator.visits, 1):.2%}"
        cost = found_by_us.cpu_seconds
        rows.append(["shop-dev load", f"{calls.count / asked.seconds:,.0f}", *figures, f"{generator.cpu:.0%}", late])
        text = table(("who", "requests a second", "p50", "p95", "p99", "processor, busiest second", "begun late"), rows)
        text += f"\n\nA request costs the generator {1e6 * cost:.0f} µs of a processor: one core makes {1 / cost:,.0f} a second."
        if asked.soak:
            text += "\n\n" + _soak(url, rate=asked.rate / 4, seconds=60 * asked.soak)
    said = f"{head('just bench-load', load_before=before)}\n\n{text}"
    print(said)
    write("load", said)


def _soak(url: str, *, rate: float, seconds: float) -> str:
    sizes = ours(url, rate=rate, seconds=seconds).sizes
    early = sizes[len(sizes) // 10]
    return (
        f"Over {seconds / 60:g} minutes at {rate:g} requests a second the generator grew from {early / 2**20:.0f} to "
        f"{sizes[-1] / 2**20:.0f} MiB ({sizes[-1] / early - 1:+.1%} from the first tenth on)."
    )


if __name__ == "__main__":
    main()
