"""What is taken out of images, and what must not be."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from shop_dev.sbom import FILE, LOCK, sbom

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def slim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slim", CHECKOUT / "infra" / "images" / "slim.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_shared_object_without_its_symbols_still_loads(slim: ModuleType, tmp_path: Path) -> None:
    core = Path(str(importlib.import_module("msgspec._core").__file__))
    file = tmp_path / "core.so"
    shutil.copy(core, file)
    slim.strip(file)
    slim.strip(file)  # a second time changes nothing

    assert file.stat().st_size <= core.stat().st_size
    ctypes.CDLL(str(file))


def test_what_is_no_elf_file_stays_as_it_is(slim: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "linker-script.so"
    file.write_text("GROUP ( libc.so.6 )")
    slim.strip(file)
    assert file.read_text() == "GROUP ( libc.so.6 )"


def test_packages_keep_their_code_and_lose_tests_and_descriptions_of_other_services(slim: ModuleType, tmp_path: Path) -> None:
    kept = ("botocore/data/s3/2006-03-01/service-2.json.gz", "botocore/data/endpoints.json", "thing/code.py", "thing/py.typed")
    lost = (
        "botocore/data/ec2/2016/service-2.json.gz",
        "thing/tests/test_code.py",
        "thing/code.pyi",
        "thing/code.c",
        "bin/thing",
        "setuptools/a.py",
    )
    for name in (*kept, *lost):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    slim.slim_packages(tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == set(kept)


def test_the_system_keeps_python_and_loses_what_installs(slim: ModuleType, tmp_path: Path) -> None:
    library = "usr/local/lib/python3.11"
    kept = (f"{library}/json/decoder.py", "etc/ssl/certs/ca-certificates.crt", "usr/local/bin/python3.11")
    lost = (
        f"{library}/site-packages/pip/a.py",
        f"{library}/ensurepip/a.py",
        "usr/bin/perl",
        "usr/bin/apt-get",
        "usr/local/bin/pip3",
    )
    for name in (*kept, *lost):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    slim.slim_system(tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == set(kept)


def test_services_connect_the_sdk_only_to_what_is_kept_of_it(slim: ModuleType) -> None:
    connected = {
        name
        for file in (CHECKOUT / "services").rglob("*.py")
        for call in re.findall(r"AwsSdk\.connect\([^,]+,\s*[\[(]([^\])]*)[\])]|\.aws_sdk\(([^)]*)\)", file.read_text())
        for name in re.findall(r'"([a-z0-9]+)"', "".join(call))
    }
    assert connected
    assert connected <= slim.BOTOCORE_SERVICES


def test_the_sbom_lists_exactly_what_stays_installed_on_linux_with_its_version(slim: ModuleType) -> None:
    listed = {one["name"]: one["version"] for one in json.loads((CHECKOUT / FILE).read_text())["components"]}
    lines = [line.rstrip("\\ ") for line in (CHECKOUT / LOCK).read_text().splitlines() if re.match(r"[a-z]", line)]
    pinned = [Requirement(line) for line in lines]
    here = {"sys_platform": "linux", "python_full_version": "3.11.9", "python_version": "3.11", "implementation_name": "cpython"}
    installed = [one for one in pinned if one.marker is None or one.marker.evaluate(here)]
    wanted = {one.name: str(one.specifier)[2:] for one in installed if one.name not in slim._INSTALLERS}
    assert listed == wanted
    assert len(listed) > 50


def test_the_sbom_is_the_same_whenever_it_is_made() -> None:
    assert sbom(CHECKOUT) == sbom(CHECKOUT) == (CHECKOUT / FILE).read_text()
