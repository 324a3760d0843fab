"""The pages of a version made again: the same bytes by the same renderer, from its folder alone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from equieval.errors import EnvironmentFault, NotReproduced, ReleaseError
from equieval.releases.manifest import plain_files, write_manifest
from equieval.releases.rebuild import rebuild
from equieval.site.pandoc import PandocRenderer
from equieval.site.quarto import QuartoRenderer

SITE = "project: {type: website, output-dir: _site}\nwebsite: {title: A site}\n"
QUARTO = pytest.param(
    QuartoRenderer,
    marks=[
        pytest.mark.quarto,
        pytest.mark.slow,
        pytest.mark.skipif(shutil.which("quarto") is None, reason="Quarto is not installed"),
    ],
)


@dataclass
class Words:
    """A renderer that writes the same words on each page."""

    words: str
    name: str = "tiny"
    version: str = "1"

    def prepare(self, project: Path, release: object) -> None: ...

    def render(self, project: Path) -> None:
        (project / "html").mkdir()
        for path in project.glob("*.ipynb"):
            (project / "html" / f"{path.stem}.html").write_text(self.words)


@pytest.fixture
def released(project):
    project.renderer = Words("the rate fell")
    return project.release().release


@pytest.mark.parametrize("kind", [PandocRenderer, QUARTO])
def test_the_same_renderer_gives_the_same_pages_elsewhere(project, tmp_path_factory, kind):
    project.write("_quarto.yml", SITE)
    project.renderer = kind(project.root)
    released = project.release().release
    elsewhere = tmp_path_factory.mktemp("another machine") / "v1"
    shutil.copytree(released.path, elsewhere)
    shutil.rmtree(project.root / "notebooks")
    before = {name: path.read_bytes() for name, path in plain_files(elsewhere).items()}
    again = rebuild(elsewhere, kind(elsewhere))
    assert (again.same, again.different) == (True, ())
    assert again.released == again.again
    again.refuse()
    assert {name: path.read_bytes() for name, path in plain_files(elsewhere).items()} == before


def test_pages_that_differ_are_named_with_exit_code_four(released):
    again = rebuild(released.path, Words("the rate rose"))
    assert again.different == tuple(sorted(f"{page.slug}.html" for page in released.pages))
    with pytest.raises(NotReproduced, match=r"files differ: .*effect\.html") as refused:
        again.refuse()
    assert refused.value.exit_code == 4
    assert again.to_json()["same"] is False


def test_another_renderer_is_no_proof_against_the_version(released):
    with pytest.raises(EnvironmentFault, match="made with tiny 1, here is tiny 2"):
        rebuild(released.path, Words("the rate rose", version="2")).refuse()
    rebuild(released.path, Words("the rate fell", version="2")).refuse()


def test_a_page_that_was_altered_is_found_even_with_a_forged_manifest(released):
    page = released.path / "html" / "effect.html"
    page.chmod(0o644)
    page.write_text("the rate rose")
    manifest = released.path / "manifest.json"
    with pytest.raises(NotReproduced, match="not what was released"):
        rebuild(released.path, Words("the rate fell")).refuse()
    manifest.chmod(0o644)
    write_manifest(released.path)
    with pytest.raises(NotReproduced, match=r"1 file differs: effect\.html"):
        rebuild(released.path, Words("the rate fell")).refuse()


def test_a_withdrawn_version_has_no_pages_to_make(released):
    record = released.path / "release.json"
    record.chmod(0o644)
    record.write_text(record.read_text().replace('"provisional"', '"withdrawn"'))
    with pytest.raises(ReleaseError, match="was withdrawn"):
        rebuild(released.path, Words(""))
