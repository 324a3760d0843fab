"""What the tests of released versions share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_version import make_version, seal


class Copy:
    """A copy of a version that can be spoilt; ``forge`` renews the manifest as well."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder.parents[2]

    def change(self, name: str, old: str, new: str, *, forge: bool = False) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        if forge:
            seal(self.folder)


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one small version; not to be changed."""
    root = tmp_path_factory.mktemp("small")
    make_version(root)
    return root


@pytest.fixture
def version(small_project: Path, tmp_path: Path) -> Copy:
    """A version of its own for a test, with its project around it."""
    shutil.copytree(small_project, tmp_path / "project")
    return Copy(tmp_path / "project" / "reports" / "small" / "v1")


@pytest.fixture
def build_version() -> Callable[..., Path]:
    return make_version
