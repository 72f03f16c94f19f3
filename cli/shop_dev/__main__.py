"""Start of the process. Nothing is imported before Ctrl-C can be answered in order."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the process was started with; the entry point of the package."""
    try:
        from shop_dev.program import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
