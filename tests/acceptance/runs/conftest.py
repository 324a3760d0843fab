"""What the tests of runs share: a small project, and one warm parent for all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from runs_project import make_project

from equieval.runs import Kernels


@pytest.fixture(scope="session")
def kernels() -> Iterator[Kernels]:
    with Kernels() as warm:
        yield warm


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")
