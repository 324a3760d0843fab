"""What the tests of the command line share: a project, and the commands run in this process."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "study"))
sys.path.insert(0, str(Path(__file__).parent))

from commands import Equieval, Said, run_apart, run_here
from evaluations import bare_project, copy_project


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


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A project after `equieval demo`, and what the demo said; made once for all workers.

    Tests read it. One that changes something takes `a_copy`.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root, said = shared / "demonstrated", shared / "demonstrated.json"
    with (shared / "demonstrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            copy_project(root)
            said.write_text(json.dumps(asdict(run_apart(root, "demo"))))
    return root, Said(**json.loads(said.read_text()))


@pytest.fixture
def a_copy(
    demonstrated: tuple[Path, Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the project after its demo, with the test standing in it."""
    root = tmp_path / "project"
    shutil.copytree(demonstrated[0], root)
    monkeypatch.chdir(root)
    return root
