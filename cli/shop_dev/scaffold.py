"""Writing the first files of a project and of a service. What is there already stays as it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from shop_dev.errors import CliCode, ShopDevError

MODEL = "greeter"
"""What the service in the starters is called."""
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_SETTINGS = """\
# The settings of shop-dev; see docs/reference/settings.md there.
services = ["services/*/service.yaml"]

[first-try]
say = "Ask your service:"
command = "curl -s ${SHOP_NAME_URL}/v1/greetings/Ada"
"""
_IN_PYPROJECT = """
[tool.shop-dev]
services = ["services/*/service.yaml"]

[tool.shop-dev.first-try]
say = "Ask your service:"
command = "curl -s ${SHOP_NAME_URL}/v1/greetings/Ada"
"""
_IGNORED = (".shop-dev/", "services/*/bin/", "__pycache__/", "node_modules/")


class Language(StrEnum):
    """In which a service can begin. Any other works as well: a manifest names any command."""

    PYTHON = "python"
    NODE = "node"
    GO = "go"


_PROGRAMS = {Language.PYTHON: "python3", Language.NODE: "node", Language.GO: "go"}
_MARKS = {Language.GO: "go.mod", Language.NODE: "package.json", Language.PYTHON: "pyproject.toml"}


@dataclass(frozen=True)
class Written:
    """A file, relative to the project; `is_new` is False where it was there and was left alone, or was added to."""

    path: str
    is_new: bool


def language_of(folder: Path) -> Language:
    """Return the language whose files stand at the top of a folder; the first that is installed where none does."""
    for language, mark in _MARKS.items():
        if (folder / mark).is_file():
            return language
    return next((language for language, program in _PROGRAMS.items() if shutil.which(program)), Language.PYTHON)


def write_project(root: Path, service: str, language: Language) -> list[Written]:
    """Make `root` a project with one service. Raises ShopDevError (usage_invalid) for a name that is none."""
    check_name(service)
    return [_settings(root, service), _gitignore(root), *write_service(root, service, language)]


def write_service(root: Path, service: str, language: Language) -> list[Written]:
    """Add a service with its manifest and its contract. Raises ShopDevError (usage_invalid) for a name that is none, or taken."""
    check_name(service)
    folder = root / "services" / service
    if (folder / "service.yaml").exists():
        told = f"There is a service {service!r} already, in {folder}."
        raise ShopDevError(CliCode.USAGE_INVALID, told, actions=("Choose another name.",))
    starters = files("shop_dev") / "starters"
    contract = starters / "service.openapi.yaml"
    wanted = [(root / "contracts/openapi" / f"{service}.yaml", contract), *_files_of(starters / language, folder)]
    return [_write(root, target, source.read_text(encoding="utf-8"), service) for target, source in wanted]


def check_name(service: str) -> None:
    """Raise ShopDevError (usage_invalid) for what is no name of a service."""
    if not _NAME.fullmatch(service):
        raise ShopDevError(
            CliCode.USAGE_INVALID,
            f"{service!r} is no name of a service.",
            actions=("Take 2 to 40 lower-case letters, digits and hyphens, a letter first.",),
        )


def missing_program(language: Language) -> str | None:
    """Return the program that the language needs and PATH does not have, if so."""
    program = _PROGRAMS[language]
    return None if shutil.which(program) else program


def _files_of(starter: Traversable, folder: Path) -> Iterator[tuple[Path, Traversable]]:
    for source in sorted(starter.iterdir(), key=lambda one: one.name):
        if source.is_file() and not source.name.endswith(".pyc"):
            yield folder / source.name, source


def _write(root: Path, target: Path, text: str, service: str) -> Written:
    name = target.relative_to(root).as_posix()
    if target.exists():
        return Written(name, is_new=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_renamed(text, service), encoding="utf-8")
    return Written(name, is_new=True)


def _renamed(text: str, service: str) -> str:
    return re.sub(rf"\b{MODEL}\b", service, text)


def _settings(root: Path, service: str) -> Written:
    """Where Python has its pyproject.toml, the settings stand there; else in a shop-dev.toml."""
    variable = f"SHOP_{service.upper().replace('-', '_')}_URL"
    pyproject = root / "pyproject.toml"
    if pyproject.is_file():
        with pyproject.open("a", encoding="utf-8") as file:
            file.write(_IN_PYPROJECT.replace("SHOP_NAME_URL", variable))
        return Written("pyproject.toml", is_new=False)
    (root / "shop-dev.toml").write_text(_SETTINGS.replace("SHOP_NAME_URL", variable), encoding="utf-8")
    return Written("shop-dev.toml", is_new=True)


def _gitignore(root: Path) -> Written:
    file = root / ".gitignore"
    there = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    missing = [line for line in _IGNORED if line not in there]
    if missing:
        file.write_text("\n".join([*there, *missing]) + "\n", encoding="utf-8")
    return Written(".gitignore", is_new=not there)
