from __future__ import annotations

from pathlib import Path

import pytest

from equieval.errors import InputError
from equieval.protocol.root import project_root


def test_the_root_is_found_from_any_folder_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "_quarto.yml").touch()
    deep = tmp_path / "notebooks" / "drafts"
    deep.mkdir(parents=True)
    assert project_root(deep) == tmp_path.resolve()
    assert project_root(tmp_path) == tmp_path.resolve()


def test_the_root_is_found_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "_quarto.yml").touch()
    file = tmp_path / "params" / "a.yaml"
    file.parent.mkdir()
    file.touch()
    assert project_root(file) == tmp_path.resolve()


def test_the_root_is_found_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_quarto.yml").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert project_root() == tmp_path.resolve()


def test_outside_a_project_the_message_says_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"_quarto\.yml") as caught:
        project_root(tmp_path)
    assert caught.value.exit_code == 2
    assert "change to the project's folder" in caught.value.remedy
