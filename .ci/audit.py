"""Ask pip-audit about every locked dependency, and say 'not audited' in plain sight where its advisory source cannot be reached.

Exit status: 1 where an advisory was found, else 0. A clean result is reported only if one was received.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LIMIT_SECONDS = 120
LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return not_audited(f"no answer within {LIMIT_SECONDS} s")
    try:
        dependencies = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        return not_audited((run.stderr.strip().splitlines() or ["no reason given"])[-1])
    skipped = [entry["name"] for entry in dependencies if "skip_reason" in entry]
    hit = [entry for entry in dependencies if entry.get("vulns")]
    for entry in hit:
        for advisory in entry["vulns"]:
            fixed = ", ".join(advisory.get("fix_versions") or []) or "none yet"
            print(f"{entry['name']} {entry['version']}: {advisory['id']}, fixed in: {fixed}")
    if len(skipped) == len(dependencies):
        return not_audited("it knows none of the locked packages")
    if skipped:
        print(f"NOT AUDITED: {len(skipped)} of {len(dependencies)} packages: {', '.join(sorted(skipped))}")
    print(f"{len(dependencies) - len(skipped)} packages audited, {len(hit)} with advisories")
    return 1 if hit else 0


def not_audited(reason: str) -> int:
    print(f"NOT AUDITED: the advisory source could not be asked ({reason})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
