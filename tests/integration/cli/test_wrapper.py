"""`./shop-dev` in a fresh copy of the project: first use, second use, two at once, broken off, offline.

The copy has a lock of its own with one tiny wheel from a local folder, so that a first use takes seconds and needs no network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = (
    "import sys\nimport tiny\n\ndef main():\n    print('ran', tiny.WORD, *sys.argv[1:])\n\nif __name__ == '__main__':\n    main()\n"
)
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
"""The locked one, beside this Python, where the environment has it."""
INSTALLERS = ["pip", pytest.param("uv", marks=pytest.mark.skipif(UV is None, reason="there is no uv"))]


TINY_UV = """\
import pathlib, subprocess, sys

def main():
    if sys.argv[1] == "--version":
        return
    python = sys.argv[sys.argv.index("--python") + 1]
    pathlib.Path(python).parents[1].joinpath("installed-by-tiny-uv").write_text(" ".join(sys.argv[1:]))
    if {fails}:
        sys.exit("tiny uv gives up")
    lock = sys.argv[sys.argv.index("--requirement") + 1]
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--require-hashes", "--no-deps", "--requirement", lock]
    sys.exit(subprocess.call(pip, stdout=sys.stderr))
"""
"""Stands where the locked uv would: takes uv's command line, leaves a mark, and does the work."""


@dataclass(frozen=True)
class Bench:
    """A folder to try the wrapper in: a copy of it, wheels instead of a network, and a PATH with little on it."""

    folder: Path
    checkout: str = "checkout of somebody"

    @property
    def copy(self) -> Path:
        return self.folder / self.checkout

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    @property
    def environments(self) -> Path:
        return self.copy / ".shop-dev" / "environments"

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.programs),
            "HOME": str(self.folder),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(self.wheels),
            "UV_CACHE_DIR": str(self.folder / "uv-cache"),
        }

    def without_wheels(self) -> dict[str, str]:
        return {**self.environment(), "PIP_FIND_LINKS": str(self.programs), "UV_FIND_LINKS": str(self.programs)}

    def another_checkout(self) -> Bench:
        """A second one of the same user, who has used the first."""
        other = replace(self, checkout="another checkout")
        shutil.copytree(self.copy, other.copy, ignore=shutil.ignore_patterns(".venv", ".shop-dev"))
        return other

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(self.copy / "shop-dev"), *words]
        return subprocess.run(
            command, env=dict(environment or self.environment()), capture_output=True, text=True, check=False, timeout=120
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.copy / "shop-dev", *words],
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def lock(self, version: str, *, digest: str | None = None) -> None:
        (self.copy / "requirements.lock").write_text("# made by a test\n" + self._entry("tiny", version, digest))

    def lock_uv_as_well(self, *, digest: str | None = None, fails: bool = False) -> None:
        wheel(self.wheels, "uv", "9.0", TINY_UV.format(fails=fails), script="uv = uv:main")
        lock = self.copy / "requirements.lock"
        lock.write_text(lock.read_text() + self._entry("uv", "9.0", digest) + "    # via shop-dev\n")

    @property
    def mark_of_the_locked_uv(self) -> Path:
        return self.copy / ".venv" / "installed-by-tiny-uv"

    def _entry(self, name: str, version: str, digest: str | None) -> str:
        built = self.wheels / f"{name}-{version}-py3-none-any.whl"
        return f"{name}=={version} \\\n    --hash=sha256:{digest or hashlib.sha256(built.read_bytes()).hexdigest()}\n"


def bench_in(folder: Path, installer: str) -> Bench:
    """The wrapper and its first-use program beside a program that only says that it ran."""
    bench = Bench(folder)
    for made in (bench.copy / "cli" / "shop_dev", bench.wheels, bench.programs):
        made.mkdir(parents=True)
    shutil.copy(CHECKOUT / "shop-dev", bench.copy)
    shutil.copy(CHECKOUT / "cli" / "shop_dev" / "first_use.py", bench.copy / "cli" / "shop_dev")
    (bench.copy / "cli" / "shop_dev" / "__init__.py").touch()
    (bench.copy / "cli" / "shop_dev" / "__main__.py").write_text(PROGRAM)
    wheel(bench.wheels, "tiny", "1.0", "WORD = 'one'\n")
    wheel(bench.wheels, "tiny", "2.0", "WORD = 'second'\n")
    bench.lock("1.0")
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    (bench.programs / "python3").symlink_to(python)
    for name in ("sh", "cmp", "readlink"):
        (bench.programs / name).symlink_to(str(shutil.which(name)))
    if installer == "uv":
        (bench.programs / "uv").symlink_to(str(UV))
    return bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A fresh copy, with the quicker installer where it is there."""
    return bench_in(tmp_path, "uv" if UV else "pip")


@pytest.fixture(scope="module", params=INSTALLERS)
def used(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bench, subprocess.CompletedProcess[str]]:
    """A copy after its first use, and what that said."""
    bench = bench_in(tmp_path_factory.mktemp("used"), request.param)
    return bench, bench.run("status", "a b")


Used = tuple[Bench, "subprocess.CompletedProcess[str]"]


def wheel(folder: Path, name: str, version: str, source: str, *, script: str | None = None) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", source)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        if script:
            archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{script}\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def test_the_first_use_makes_the_environment_and_later_ones_say_nothing(used: Used) -> None:
    bench, first = used
    second = bench.run()

    assert (first.returncode, first.stdout) == (0, "ran one status a b\n")
    assert "Setting up shop-dev" in first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, "ran one\n", "")


def test_the_first_use_says_in_few_lines_what_it_does(used: Used) -> None:
    _, first = used

    begin, *between, end = first.stderr.splitlines()
    assert begin.endswith("1 packages from requirements.lock.")
    assert len(between) < 3, "what uv and pip say is in the log"
    assert end.startswith("Set up in ")


def test_the_script_in_the_environment_runs_the_same_program(used: Used) -> None:
    done = subprocess.run([used[0].copy / ".venv" / "bin" / "shop-dev", "x"], capture_output=True, text=True, check=True)

    assert done.stdout == "ran one x\n"


def test_it_is_found_through_a_link_and_from_any_folder(used: Used, tmp_path: Path) -> None:
    link = tmp_path / "anywhere"
    link.symlink_to(used[0].copy / "shop-dev")

    done = subprocess.run([link], env=used[0].environment(), cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == "ran one\n"


def test_after_the_first_use_no_package_source_is_needed(used: Used) -> None:
    assert used[0].run(environment=used[0].without_wheels()).stdout == "ran one\n"


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_package_with_another_hash_is_refused(installer: str, tmp_path: Path) -> None:
    bench = bench_in(tmp_path, installer)
    bench.lock("1.0", digest="0" * 64)

    done = bench.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: {installer} could not install the packages of requirements.lock" in done.stderr
    assert not (bench.copy / ".venv" / "shop-dev.lock").exists()


def test_without_uv_pip_installs_the_locked_one_and_that_the_rest(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, "pip")
    bench.lock_uv_as_well()

    done = bench.run()

    assert (done.returncode, done.stdout) == (0, "ran one\n")
    command = bench.mark_of_the_locked_uv.read_text()
    assert command.startswith("pip install ")
    assert "--require-hashes" in command
    assert command.endswith("requirements.lock")


def test_a_locked_uv_with_another_hash_never_runs(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, "pip")
    bench.lock_uv_as_well(digest="0" * 64)

    done = bench.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert "error: pip could not install the packages of requirements.lock" in done.stderr
    assert not bench.mark_of_the_locked_uv.exists()


def test_where_the_locked_uv_fails_pip_does_its_work(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, "pip")
    bench.lock_uv_as_well(fails=True)

    done = bench.run()

    assert (done.returncode, done.stdout) == (0, "ran one\n")
    assert bench.mark_of_the_locked_uv.exists()
    assert "uv could not, so pip does it" in done.stderr


def test_the_next_checkout_takes_the_uv_that_the_first_has_fetched(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, "pip")
    bench.lock_uv_as_well()
    first = bench.run()
    next_one = bench.another_checkout()

    second = next_one.run()

    assert "there is no uv here" in first.stderr
    assert (second.returncode, second.stdout) == (0, "ran one\n")
    assert "there is no uv here" not in second.stderr
    assert next_one.mark_of_the_locked_uv.exists()


@pytest.mark.parametrize("spoil", [lambda uv: uv.write_text("#!/nowhere\n"), lambda uv: uv.write_text("#!/bin/sh\nexit 1\n")])
def test_a_kept_uv_that_does_not_run_is_fetched_again(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    bench = bench_in(tmp_path, "pip")
    bench.lock_uv_as_well()
    bench.run()
    [kept] = tmp_path.glob(".cache/shop-dev/derived/uv-*/uv")
    spoil(kept)

    done = bench.another_checkout().run()

    assert (done.returncode, done.stdout) == (0, "ran one\n")
    assert "there is no uv here" in done.stderr


def test_a_cache_that_cannot_be_written_keeps_no_uv_and_spoils_nothing(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, "pip")
    bench.lock_uv_as_well()
    (tmp_path / ".cache").write_text("in the way")

    assert bench.run().stdout == "ran one\n"


def test_a_lock_that_changed_is_installed(bench: Bench) -> None:
    bench.run()
    bench.lock("2.0")

    assert bench.run().stdout == "ran second\n"


def test_a_checkout_that_was_moved_gets_a_new_environment(bench: Bench) -> None:
    bench.run()
    moved = bench.copy.rename(bench.copy.with_name("elsewhere"))

    done = subprocess.run([moved / "shop-dev"], env=bench.environment(), capture_output=True, text=True, check=True)

    assert done.stdout == "ran one\n"
    assert str(bench.copy) not in (moved / ".venv" / "bin" / "shop-dev").read_text()


def test_an_environment_that_lost_its_python_is_made_anew(bench: Bench) -> None:
    bench.run()
    python = bench.copy / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("python-that-was-removed")

    assert bench.run().stdout == "ran one\n"


def test_without_a_network_the_error_says_what_to_try_and_the_next_use_goes_on(bench: Bench) -> None:
    failed = bench.run(environment=bench.without_wheels())

    assert (failed.returncode, failed.stdout) == (1, "")
    assert "could not install the packages of requirements.lock" in failed.stderr
    assert "hint: check the network" in failed.stderr
    assert bench.run().stdout == "ran one\n"


def test_two_first_uses_at_once_make_one_environment(bench: Bench) -> None:
    said = [process.communicate(timeout=120) for process in [bench.start(str(number)) for number in range(3)]]

    assert sorted(out for out, _ in said) == ["ran one 0\n", "ran one 1\n", "ran one 2\n"]
    assert sum("Setting up shop-dev" in err for _, err in said) == 1


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL])
def test_a_first_use_that_is_broken_off_is_begun_anew(bench: Bench, signal_: signal.Signals) -> None:
    process = bench.start()
    wait_for(bench.environments)
    os.killpg(process.pid, signal_)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode == 0, out) == (False, "")

    assert bench.run().stdout == "ran one\n"
    assert list(bench.environments.iterdir()) == [(bench.copy / ".venv").resolve()]


def test_packages_that_the_lock_dropped_are_gone(bench: Bench) -> None:
    wheel(bench.wheels, "extra", "1.0", "WORD = 'extra'\n")
    bench.lock("1.0")
    with (bench.copy / "requirements.lock").open("a") as lock:
        lock.write(bench._entry("extra", "1.0", None))
    bench.run()
    python = bench.copy / ".venv" / "bin" / "python"
    assert subprocess.run([python, "-c", "import extra"], check=False).returncode == 0

    bench.lock("1.0")
    bench.run()

    assert subprocess.run([python, "-c", "import extra"], check=False, capture_output=True).returncode == 1


def test_what_runs_from_an_environment_stays_in_it_when_another_takes_its_place(bench: Bench) -> None:
    (bench.copy / "cli" / "shop_dev" / "__main__.py").write_text(WAITS)
    before = bench.start()
    assert before.stdout is not None
    assert before.stdout.readline() == "waits\n"
    sandbox = bench.copy / ".shop-dev" / "default" / "lock"
    sandbox.parent.mkdir()
    with sandbox.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        bench.lock("2.0")
        after = bench.start()
        assert after.stdout is not None
        assert after.stdout.readline() == "waits\n"
        assert len(list(bench.environments.iterdir())) == 2, "a sandbox runs, maybe from the old one"

    assert before.communicate("\n", timeout=60)[0] == "ran one\n"
    assert after.communicate("\n", timeout=60)[0] == "ran second\n"
    bench.lock("1.0")
    bench.start().communicate("\n", timeout=60)
    assert len(list(bench.environments.iterdir())) == 1, "no sandbox runs"


WAITS = "print('waits', flush=True)\ninput()\nimport tiny\nprint('ran', tiny.WORD)\n"


def test_a_checkout_that_cannot_be_written_is_said_without_a_traceback(bench: Bench) -> None:
    (bench.copy / ".shop-dev").write_text("in the way")

    done = bench.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the environment cannot be made: ")
    assert f"hint: see to it that {bench.copy / '.shop-dev'}" in done.stderr


def test_an_environment_made_by_hand_is_completed_and_kept(bench: Bench) -> None:
    subprocess.run([bench.programs / "python3", "-m", "venv", "--without-pip", bench.copy / ".venv"], check=True)
    (bench.copy / ".venv" / "mine").touch()

    assert bench.run().stdout == "ran one\n"
    assert (bench.copy / ".venv" / "mine").exists()


def test_without_a_python_that_is_new_enough_it_says_so(bench: Bench) -> None:
    (bench.programs / "python3").unlink()
    (bench.programs / "python3").write_text("#!/bin/sh\nexit 1\n")
    (bench.programs / "python3").chmod(0o755)
    (bench.programs / "uv").unlink(missing_ok=True)

    done = bench.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: shop-dev needs Python 3.11 or newer")


def wait_for(path: Path, *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)
