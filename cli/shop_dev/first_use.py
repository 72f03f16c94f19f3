"""Makes `.venv` from requirements.lock, for the wrapper `./shop-dev`. Runs before anything is installed: standard library only.

Called as `python -I first_use.py CHECKOUT`. Safe to run twice at once (the second waits) and to break off (the next begins anew).
What it does and why is in docs/adr/0005-wrapper-and-command-line.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess  # nosec B404 # starting programs is its work; argument lists are its own
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE_ROOTS = ("cli", "sandbox", "services", "contracts", "loadtests")
LAST_LINES = 15
SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
from shop_dev.__main__ import main

main()
"""
"""Shell and Python at once, as pip writes its own where a path may hold a space or be too long for the kernel's `#!` line."""


class SetupFailed(Exception):
    """The environment could not be made; the text says what failed and what to try."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment at its own path, which its scripts name."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp_lock(self) -> Path:
        """A copy of the lock that it was made from, written last: the wrapper compares the two, which needs no hash program."""
        return self.folder / "shop-dev.lock"

    @property
    def stamp_root(self) -> Path:
        """The path of the checkout: scripts in `bin` name it, so a checkout that was moved needs a new environment."""
        return self.folder / "shop-dev.root"

    @property
    def is_ours(self) -> bool:
        """True if it was made here, and not by hand."""
        return self.stamp_lock.exists() or self.stamp_root.exists()


@dataclass(frozen=True)
class Layout:
    """Where things are in a checkout."""

    checkout: Path

    @property
    def venv(self) -> Path:
        """A link to the environment in use; a folder where somebody has made one by hand."""
        return self.checkout / ".venv"

    @property
    def lock(self) -> Path:
        return self.checkout / "requirements.lock"

    @property
    def kept(self) -> Path:
        return self.checkout / ".shop-dev"

    @property
    def environments(self) -> Path:
        return self.kept / "environments"

    @property
    def mutex(self) -> Path:
        return self.kept / "venv.lock"

    @property
    def log(self) -> Path:
        return self.kept / "venv.log"

    @property
    def shared_uv(self) -> Path | None:
        """Where the user's cache keeps the uv of this lock for all checkouts. None if the lock names none."""
        if (entry := _uv_entry(self.lock.read_bytes())) is None:
            return None
        base = os.environ.get("XDG_CACHE_HOME")  # as shop_sandbox.paths has it, which cannot be imported yet
        cache = (Path(base) if base else Path.home() / ".cache") / "shop-dev"
        return cache / "derived" / f"uv-{hashlib.sha256(entry).hexdigest()[:12]}" / "uv"


def main(arguments: Sequence[str]) -> int:
    """Make the environment of the checkout named by the only argument. Everything it says goes to stderr."""
    layout = Layout(Path(arguments[0]).resolve())
    try:
        with _alone(layout):
            if not is_current(layout):
                make(layout)
    except SetupFailed as error:
        _say(f"error: {error}")
        return 1
    except OSError as error:
        _say(f"error: the environment cannot be made: {error}")
        _say(f"  hint: see to it that {error.filename or layout.checkout} can be written by you, and that its disk has room")
        return 1
    except KeyboardInterrupt:
        _say("\nInterrupted; the next call begins anew.")
        return 130
    return 0


def is_current(layout: Layout) -> bool:
    """True if `.venv` was made from this lock, at this path, to the end."""
    environment = Environment(layout.venv)
    try:
        made_from = environment.stamp_lock.read_bytes()
        made_for = environment.stamp_root.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return False
    whole = os.access(environment.python, os.X_OK)
    return whole and made_for == str(layout.checkout) and made_from == layout.lock.read_bytes()


def make(layout: Layout) -> None:
    """Make an environment beside the one in use, and exchange the two from one moment to the next.

    So what was started from the old one runs on in it, and what the lock has dropped is not in the new one. One that was made by
    hand, and is whole, is completed instead.
    """
    started = time.monotonic()
    locked = layout.lock.read_bytes()
    _say(f"Setting up shop-dev in {layout.venv}, once: {_count(locked)} packages from requirements.lock.")
    by_hand = Environment(layout.venv)
    if not layout.venv.is_symlink() and os.access(by_hand.python, os.X_OK) and not by_hand.is_ours:
        _fill(layout, by_hand, locked)
    else:
        _remove_unused(layout, keep=None)
        layout.environments.mkdir(exist_ok=True)
        environment = Environment(layout.environments / f"{hashlib.sha256(locked).hexdigest()[:12]}-{os.getpid()}")
        _make_empty(layout, environment, with_pip=_uv(layout) is None)
        _fill(layout, environment, locked)
        _exchange(layout, environment)
        _remove_unused(layout, keep=environment)
    _say(f"Set up in {time.monotonic() - started:.0f} s.")


def _fill(layout: Layout, environment: Environment, locked: bytes) -> None:
    if (uv := _uv(layout)) is not None:
        _install_with_uv(layout, environment, uv)
    else:
        _install_without_uv(layout, environment, _count(locked))
    _make_importable(layout, environment)
    environment.stamp_root.write_text(f"{layout.checkout}\n", encoding="utf-8")
    environment.stamp_lock.write_bytes(locked)


def _uv(layout: Layout) -> str | None:
    """Return the uv on PATH, else the one that the environment in use has from its lock, else the one that a checkout has kept."""
    on_path = shutil.which("uv") or shutil.which("uv", path=str(layout.venv.resolve() / "bin"))
    if on_path is not None or (shared := layout.shared_uv) is None:
        return on_path
    kept = shutil.which("uv", path=str(shared.parent))
    return kept if kept is not None and _runs(kept) else None


def _runs(program: str) -> bool:
    """False for one that is broken, or of another kind of machine that shares this home directory."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0  # nosec B603 # as above
    except OSError:
        return False


def _exchange(layout: Layout, environment: Environment) -> None:
    link = layout.environments / "next"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(environment.folder, layout.checkout), target_is_directory=True)
    if layout.venv.is_dir() and not layout.venv.is_symlink():
        layout.venv.rename(layout.environments / f"replaced-{os.getpid()}")
    link.replace(layout.venv)


def _remove_unused(layout: Layout, *, keep: Environment | None) -> None:
    """Remove environments that are not in use: broken off, or replaced. As long as a sandbox of this checkout runs, they stay."""
    if not layout.environments.is_dir() or _a_sandbox_runs(layout):
        return
    in_use = layout.venv.resolve()
    for folder in layout.environments.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder != in_use and (keep is None or folder != keep.folder):
            shutil.rmtree(folder, ignore_errors=True)


def _a_sandbox_runs(layout: Layout) -> bool:
    """Return whether a supervisor holds the lock of its sandbox."""
    for lock in layout.kept.glob("*/lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _make_empty(layout: Layout, environment: Environment, *, with_pip: bool) -> None:
    if with_pip and importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupFailed(
            f"{sys.executable} cannot make virtual environments: its ensurepip is missing.\n"
            f"  hint: on Debian and Ubuntu: apt install python{version}-venv; or install uv"
        )
    # The real path names one version of Python: when that goes, the link breaks and the wrapper notices.
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    _run(
        layout,
        [python, "-m", "venv", *([] if with_pip else ["--without-pip"]), str(environment.folder)],
        what="make a virtual environment",
    )


def _install_with_uv(layout: Layout, environment: Environment, uv: str) -> None:
    options = ["--require-hashes", "--no-deps", *(["--compile-bytecode"] if _never_compiled_later() else [])]
    command = [uv, "pip", "install", "--python", str(environment.python), *options, "--requirement", str(layout.lock)]
    _progress("uv fetches and installs them", every=1, number=1)
    for line in _run_watched(layout, command, failed=_not_installed("uv", "UV_FIND_LINKS")):
        if line.startswith("Prepared"):
            _progress("uv has fetched them, and installs them", every=1, number=1)
    _end_progress()


def _install_without_uv(layout: Layout, environment: Environment, count: int) -> None:
    locked_uv = _uv_from_the_lock(layout, environment)
    if locked_uv is not None:
        try:
            _install_with_uv(layout, environment, locked_uv)
        except SetupFailed:
            _say("  uv could not, so pip does it, which takes longer")
        else:
            _keep_for_other_checkouts(layout, Path(locked_uv))
            return
    _install_with_pip(layout, environment, count)


def _uv_from_the_lock(layout: Layout, environment: Environment) -> str | None:
    """Let pip install the uv that the lock names, so that uv installs the rest: that takes seconds where pip takes minutes.

    None where the lock names no uv, or pip finds none for this platform: then pip does everything, and says what is wrong.
    """
    entry = _uv_entry(layout.lock.read_bytes())
    if entry is None:
        return None
    _say("  there is no uv here; pip installs it first")
    requirement = layout.kept / "venv.uv.lock"
    requirement.write_bytes(entry)
    try:
        for _ in _run_watched(layout, _pip_install(layout, environment, requirement), failed="no uv"):
            pass
    except SetupFailed:
        return None
    finally:
        requirement.unlink()
    return str(environment.folder / "bin" / "uv")


def _uv_entry(lock: bytes) -> bytes | None:
    """Return the lines of the lock that name uv and its hashes."""
    found = re.search(rb"^uv==.*\n(?:[ \t].*\n)*", lock, re.MULTILINE)
    return None if found is None else found[0]


def _keep_for_other_checkouts(layout: Layout, uv: Path) -> None:
    """Put a uv that has proved itself where the next checkout of this user finds it: fetching it by pip takes ten seconds."""
    if (shared := layout.shared_uv) is None:
        return
    scratch = shared.with_name(f"{os.getpid()}.scratch")
    with contextlib.suppress(OSError):  # the cache cannot be written: the next checkout fetches its own
        shared.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(uv, scratch)
        scratch.replace(shared)


def _pip_install(layout: Layout, environment: Environment, requirements: Path) -> list[str]:
    if not any(environment.folder.glob("lib/python*/site-packages/pip")):
        _run(layout, [str(environment.python), "-m", "ensurepip"], what="add pip to the virtual environment")
    options = ["--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    options += [] if _never_compiled_later() else ["--no-compile"]
    return [str(environment.python), "-m", "pip", "install", *options, "--requirement", str(requirements)]


def _install_with_pip(layout: Layout, environment: Environment, count: int) -> None:
    command = _pip_install(layout, environment, layout.lock)
    fetched = 0
    for line in _run_watched(layout, command, failed=_not_installed("pip", "PIP_FIND_LINKS")):
        if line.startswith("Collecting "):
            fetched += 1
            _progress(f"{fetched} of {count}: {line.removeprefix('Collecting ').split(' ', 1)[0]}", every=20, number=fetched)
        elif line.startswith("Installing collected packages"):
            _progress("installing them (about half a minute)", every=1, number=1)
    _end_progress()


def _make_importable(layout: Layout, environment: Environment) -> None:
    """Put the source roots on the environment's path, and a `shop-dev` beside its other programs.

    What an editable install would do, but without a build backend, which pip would have to download.
    """
    site_packages = next(environment.folder.glob("lib/python*/site-packages"))
    roots = "".join(f"{layout.checkout / root}\n" for root in SOURCE_ROOTS)
    (site_packages / "shop_dev_sources.pth").write_text(roots, encoding="utf-8")
    script = environment.folder / "bin" / "shop-dev"
    script.write_text(SCRIPT.format(python=environment.python), encoding="utf-8")
    script.chmod(0o755)
    if _never_compiled_later():
        folders = [str(layout.checkout / root) for root in SOURCE_ROOTS]
        _run(layout, [str(environment.python), "-m", "compileall", "-q", *folders], what="compile the project's sources")


def _never_compiled_later() -> bool:
    """True where Python may not keep what it compiles at an import. Elsewhere it compiles the sixth that is ever imported, when it
    is; compiling all of it ahead costs half a minute of two cores."""
    return bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Hold the checkout's mutex; the system gives it back however this process ends."""
    layout.kept.mkdir(exist_ok=True)
    if not (layout.kept / ".gitignore").exists():
        (layout.kept / ".gitignore").write_text("*\n", encoding="utf-8")
    with layout.mutex.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another shop-dev is setting up .venv; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(layout: Layout, command: Sequence[str], *, what: str) -> None:
    for _ in _run_watched(layout, command, failed=f"could not {what}."):
        pass


def _run_watched(layout: Layout, command: Sequence[str], *, failed: str) -> Iterator[str]:
    """Give the lines a program prints, and keep them in the log. Raises SetupFailed with the last ones if it ends badly."""
    lines: list[str] = []
    with (
        layout.log.open("w", encoding="utf-8") as log,
        subprocess.Popen(  # nosec B603 # as above
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101  # nosec B101 # a pipe was asked for
        for line in process.stdout:
            log.write(line)
            lines.append(line.rstrip("\n"))
            yield lines[-1]
    if process.returncode != 0:
        _end_progress()
        said = "\n".join(f"  | {line}" for line in lines[-LAST_LINES:])
        raise SetupFailed(f"{failed}\n{said}\n  the whole log is in {layout.log}")


def _not_installed(installer: str, variable: str) -> str:
    return (
        f"{installer} could not install the packages of requirements.lock (the first use needs a network, later ones do not).\n"
        f"  hint: check the network and the proxy (HTTPS_PROXY), then run the same command again\n"
        f"  hint: without a network: put the packages into a folder and name it in {variable}"
    )


def _count(lock: bytes) -> int:
    return sum(1 for line in lock.splitlines() if line and not line.startswith((b" ", b"#", b"\t")))


def _progress(text: str, *, every: int, number: int) -> None:
    """Rewrite one line on a terminal; elsewhere print each `every`th."""
    if sys.stderr.isatty():
        print(f"\r\033[K  {text}", end="", file=sys.stderr, flush=True)  # noqa: T201 - a program of its own
    elif number % every == 0:
        _say(f"  {text}")


def _end_progress() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)  # noqa: T201 - as above


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
