"""`_quarto.yml` is the one description of a site, and mistakes in it are told by name."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from equieval.errors import InputError
from equieval.site.project import page_key, read_project

ROOT = Path(__file__).resolve().parents[3]
DESCRIPTION = """
project: {type: website, render: [index.qmd, "guide/*.qmd"]}
website:
  title: Evaluations
  navbar: {left: [{text: Home, href: index.qmd}]}
  sidebar: [{id: guide, title: Guide, contents: [{text: One, href: guide/one.qmd}]}]
"""


def project(folder: Path, text: str = DESCRIPTION) -> Path:
    (folder / "guide").mkdir()
    for name in ("index.qmd", "guide/one.qmd", "guide/_part.qmd"):
        (folder / name).write_text("---\ntitle: T\n---\n")
    (folder / "_quarto.yml").write_text(text)
    return folder


def test_the_projects_own_description_is_read() -> None:
    described = read_project(ROOT)

    assert described.output == "_site"
    assert PurePosixPath("index.qmd") in described.sources
    assert described.navigation[0].path == "index.html"


def test_pages_are_the_named_files_without_those_that_begin_with_an_underscore(
    tmp_path: Path,
) -> None:
    described = read_project(project(tmp_path))

    assert [str(path) for _, path in described.pages()] == ["index.html", "guide/one.html"]
    assert described.sections[0].items[0].key == page_key("guide/one.html") == "p-guide-one"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("title: Evaluations", "the site has no title"),
        ("href: index.qmd", "navigation names a page that is not rendered: 'indx.qmd'"),
        ("render: [index.qmd", "the page 'indx.qmd' is not there"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, changed: str, said: str) -> None:
    wrong = changed.replace("index.qmd", "indx.qmd").replace("title: Evaluations", "title:")

    with pytest.raises(InputError, match=said) as caught:
        read_project(project(tmp_path, DESCRIPTION.replace(changed, wrong)))
    assert "_quarto.yml: " in caught.value.where


def test_an_unknown_setting_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown setting 'coments'") as caught:
        read_project(project(tmp_path, f"{DESCRIPTION}\nequieval: {{coments: x}}\n"))
    assert caught.value.remedy == "did you mean 'comments'?"


def test_a_folder_without_a_site_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no site"):
        read_project(tmp_path)
