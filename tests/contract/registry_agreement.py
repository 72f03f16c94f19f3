"""Print how many of the public scenarios the registry passes: `python tests/contract/registry_agreement.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNNER = ROOT.parent / "shared" / "corpora" / "run_registry_scenarios.py"
sys.path.insert(0, str(ROOT / "tests"))

from fakes.registry_server import served_registry  # noqa: E402 - the tests' folder is on the path from here


def main() -> int:
    """Exit status 0 when all pass, 1 when one does not or the scenarios are not there."""
    if not RUNNER.exists():
        print(f"Schema Registry: not measured, the public scenarios are not at {RUNNER.parent}")  # noqa: T201 - what it is for
        return 1
    with served_registry() as url:
        command = [sys.executable, str(RUNNER), url, "--prepare", "--exclusive"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"Schema Registry, public scenarios: {ended.stdout.strip() or ended.stderr.strip()}")  # noqa: T201 - what it is for
    return 0 if ended.returncode == 0 and ", 0 failed, 0 skipped" in ended.stdout else 1


if __name__ == "__main__":
    sys.exit(main())
