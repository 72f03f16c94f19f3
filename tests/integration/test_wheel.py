"""`pip install` of the wheel gives a working `shop-dev` without a checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).resolve().parents[2]
ROOTS = ("cli", "sandbox", "services", "contracts", "loadtests")
RUN = "import sys; sys.path[:0] = sys.argv[1:3]; sys.argv = ['shop-dev', *sys.argv[3:]]; from shop_dev.__main__ import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_tracked_file_of_the_packages(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", *ROOTS], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    tracked = {name.split("/", 1)[1] for name in listed.splitlines() if name.count("/") > 1 and (CHECKOUT / name).exists()}

    assert tracked - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_installed_program_serves_a_project_of_its_own(wheel: Path, tmp_path: Path) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    zipfile.ZipFile(wheel).extractall(installed)
    project.mkdir()
    (project / "pyproject.toml").write_text('[tool.shop-dev]\nservices = ["services/*/service.yaml"]\n')
    # Without `site`, the checkout's own sources are not on the path: what is imported is what the wheel brought.
    program = [sys.executable, "-I", "-S", "-c", RUN, str(installed), sysconfig.get_path("purelib")]

    version = subprocess.run([*program, "--version"], cwd=project, capture_output=True, text=True, check=False)
    status = subprocess.run([*program, "status"], cwd=project, capture_output=True, text=True, check=False)

    assert version.stdout == "shop-dev 0.1.0\n", version.stderr
    assert status.returncode == 7, status.stderr
