"""What the tests of the command line share: a project, and the commands run in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "study"))
sys.path.insert(0, str(Path(__file__).parent))

from commands import Equieval, run_here
from evaluations import bare_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with the test standing in it."""
    root = bare_project(tmp_path / "project")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def equieval() -> Equieval:
    """The command line in this process: fast, with the same words and exit codes."""
    return run_here
