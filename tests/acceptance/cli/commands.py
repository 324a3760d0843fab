"""Running `equieval` in tests: in this process where it is fast, in one of its own where it counts.

Not a test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from equieval.cli import app


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote for a machine."""
        return json.loads(self.out)


Equieval = Callable[..., Said]
"""The command line as a function of its arguments."""


def run_here(*arguments: str) -> Said:
    """Run a command in this process; an exception that is no exit is the test's."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def run_apart(root: Path, *arguments: str, **environment: str) -> Said:
    """Run a command in a process of its own, as a user would."""
    found = subprocess.run(
        [sys.executable, "-m", "equieval", *arguments],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Said(found.returncode, found.stdout, found.stderr)


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Return every file of a project with its size and time of change."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            state = path.stat()
            found[path.relative_to(root).as_posix()] = (state.st_size, state.st_mtime_ns)
    return found
