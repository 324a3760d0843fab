"""Help explains, imports nothing that it need not wait for, and leaves no command out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from commands import Equieval, run_apart
from evaluations import PROJECT

from equieval import __version__
from equieval.cli import app

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
HEAVY = ("pandas", "numpy", "matplotlib", "duckdb", "papermill", "statsmodels", "scipy",
         "nbformat", "jupyter_client", "pypandoc", "IPython", "yaml", "rich")  # fmt: skip
"""What help must not wait for. Pydantic is not among them: Typer reads arguments with it."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_of_it_explains_itself(name: str) -> None:
    command = COMMANDS[name]
    assert command.help, f"equieval {name} has no help"
    assert len(command.help) > 20
    for parameter in command.params:
        if parameter.name != "help":
            assert getattr(parameter, "help", ""), f"equieval {name}: {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_or_the_guide(name: str) -> None:
    pages = [PROJECT / "README.md", *(PROJECT / "guide").rglob("*.qmd"), *PROJECT.glob("*.qmd")]
    said = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert re.search(rf"equieval {name}\b", said), f"`equieval {name}` is nowhere explained"


def test_the_help_of_the_program_lists_its_commands_and_exit_codes(equieval: Equieval) -> None:
    said = equieval("--help")
    assert said.code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", said.out, re.MULTILINE), name
    assert "3 disclosure refused" in said.out
    assert "equieval demo" in said.out


def test_the_version_is_told(equieval: Equieval) -> None:
    said = equieval("--version")
    assert said.out == f"equieval {__version__}\n"


def test_without_a_command_the_help_is_shown(equieval: Equieval) -> None:
    assert "Usage:" in equieval().out + equieval().err


@pytest.mark.parametrize(
    "arguments", [(), *((name,) for name in COMMANDS)], ids=lambda name: " ".join(name) or "program"
)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "equieval", *arguments, "--help"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}
    assert "equieval.cli" in imported
    assert not [name for name in HEAVY if name in imported]


def test_the_help_of_a_command_is_shown_from_any_folder(tmp_path: Path) -> None:
    said = run_apart(tmp_path, "check", "--help")
    assert said.code == 0
    assert "nothing is run or written" in said.out
