"""What the acceptance tests of the study share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from evaluations import bare_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that the tests of a module add evaluations to."""
    return bare_project(tmp_path_factory.mktemp("project") / "project")
