"""A build runs when what it makes is not what its inputs would make, and not otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from shop_sandbox.provision.build import Build, run

COMPILE = ("sh", "-c", 'cat main.c parts/* > out/program 2>/dev/null; echo "$SAID" >> runs')


class Workshop:
    """A folder with a program to build; each run leaves a line in `runs`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "service"
        self.stamp = folder / "stamp"
        for name in ("out", "parts"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "main.c").write_text("main", encoding="utf-8")
        (self.folder / "parts/a.c").write_text("a", encoding="utf-8")
        self.what = Build(command=COMPILE, folder=self.folder, inputs=("main.c", "parts"), outputs=("out/program",))

    def build(self, environment: Mapping[str, str] | None = None) -> int:
        return run(self.what, self.stamp, {"PATH": os.environ["PATH"], **(environment or {})})

    @property
    def runs(self) -> int:
        file = self.folder / "runs"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_it_runs_once_for_the_same_inputs(workshop: Workshop) -> None:
    assert [workshop.build(), workshop.build()] == [0, 0]
    assert workshop.runs == 1


@pytest.mark.parametrize(
    ("edit", "runs"),
    [
        (lambda folder: (folder / "main.c").write_text("other"), 2),
        (lambda folder: (folder / "parts/b.c").write_text("b"), 2),
        (lambda folder: (folder / "parts/a.c").unlink(), 2),
        (lambda folder: (folder / "parts/a.c").rename(folder / "parts/c.c"), 2),
        (lambda folder: (folder / "parts/a.c").chmod(0o755), 2),
        (lambda folder: (folder / "out/program").unlink(), 2),
        (lambda folder: (folder / "parts/README.md").write_text("prose"), 1),
        (lambda folder: (folder / "elsewhere.c").write_text("no input"), 1),
        (lambda folder: (folder / "main.c").touch(), 1),
    ],
)
def test_it_runs_again_for_what_changes_its_result(workshop: Workshop, edit: object, runs: int) -> None:
    workshop.build()

    edit(workshop.folder)  # type: ignore[operator]  # a function of the folder
    workshop.build()

    assert workshop.runs == runs


def test_another_command_makes_something_else(workshop: Workshop) -> None:
    workshop.build()
    workshop.what = replace_command(workshop.what, ("sh", "-c", "touch out/program; echo again >> runs"))

    workshop.build()

    assert workshop.runs == 2


def test_without_outputs_it_runs_each_time(workshop: Workshop) -> None:
    workshop.what = Build(command=COMPILE, folder=workshop.folder, inputs=(), outputs=())

    workshop.build()
    workshop.build()

    assert workshop.runs == 2


def test_without_inputs_everything_in_the_folder_counts_but_what_it_makes(workshop: Workshop) -> None:
    workshop.what = Build(
        command=("sh", "-c", "echo x >> out/program; touch ../built"), folder=workshop.folder, inputs=(), outputs=("out",)
    )
    workshop.build()
    (workshop.folder.parent / "built").unlink()

    workshop.build()
    unchanged = not (workshop.folder.parent / "built").exists()
    (workshop.folder / "new.c").touch()
    workshop.build()

    assert (unchanged, (workshop.folder.parent / "built").exists()) == (True, True)


def test_a_failure_is_its_status_and_is_tried_again(workshop: Workshop) -> None:
    workshop.what = replace_command(workshop.what, ("sh", "-c", "touch out/program; exit 3"))

    assert [workshop.build(), workshop.build()] == [3, 3]


def test_a_program_that_is_not_there_is_told(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    workshop.what = replace_command(workshop.what, ("no-such-compiler",))

    assert workshop.build() == 127
    assert f"no-such-compiler cannot be run in {workshop.folder}: No such file or directory" in capsys.readouterr().out


def test_a_build_that_makes_less_than_it_says_has_failed(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    workshop.what = replace_command(workshop.what, ("true",))

    assert workshop.build() == 1
    assert "made no out/program; correct `build.outputs` in service.yaml" in capsys.readouterr().out


def test_an_edit_during_the_build_makes_the_next_one_run(workshop: Workshop) -> None:
    workshop.what = replace_command(workshop.what, ("sh", "-c", "touch out/program; echo late >> main.c; echo x >> runs"))
    workshop.build()
    workshop.what = replace_command(workshop.what, COMPILE)

    workshop.build()

    assert workshop.runs == 2


def replace_command(build: Build, command: tuple[str, ...]) -> Build:
    return Build(command=command, folder=build.folder, inputs=build.inputs, outputs=build.outputs)
