"""Quarto and the embedded renderer give the same site."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from equieval.errors import EvaluationFailed
from equieval.site import build
from equieval.site.quarto import QuartoRenderer

pytestmark = [
    pytest.mark.quarto,
    pytest.mark.skipif(shutil.which("quarto") is None, reason="Quarto is not on the PATH"),
]


class Structure(HTMLParser):
    """What a page is made of: headings, figures, tables, links, anchors, pictures, notices."""

    KEPT = ("id", "href", "src", "alt", "scope", "aria-label", "aria-current")
    ELEMENTS = re.compile(
        "h[1-6]|figure|figcaption|table|caption|t[hd]|a|img|nav|main|header|footer|details|summary"
        "|math|section|d[ltd]|[ou]l|li"
    )

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[tuple[str, ...]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.ELEMENTS.fullmatch(tag):
            given = dict(attrs)
            self.parts.append((tag, *(f"{k}={given[k]}" for k in self.KEPT if k in given)))

    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())


def structure(path: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    reader = Structure()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.parts, reader.words


def pages(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))


@pytest.mark.parametrize("address", ["", "https://example.org/eq"])
def test_both_renderers_give_the_same_pages_with_the_same_structure_and_words(
    published, address: str
) -> None:
    description = published.root / "_quarto.yml"
    text = description.read_text().replace('site-url: ""', f"site-url: '{address}'")
    description.write_text(text)
    published.freeze(1)
    site = build(published.root, renderer="pandoc").path
    by_pandoc = site.with_name("by-pandoc")
    shutil.copytree(site, by_pandoc)

    built = build(published.root, renderer="quarto")

    assert built.renderer == "quarto"
    assert pages(site) == pages(by_pandoc)
    for page in pages(site):
        assert structure(site / page) == structure(by_pandoc / page), page
    names = [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (site, by_pandoc)
    ]
    assert {name for name in names[0] ^ names[1] if not name.startswith("pagefind/")} == set()


def test_both_renderers_freeze_the_same_report(published) -> None:
    embedded = published.freeze(1)
    reference = published.freeze(2, renderer=QuartoRenderer(published.root))

    assert pages(embedded / "html") == pages(reference / "html")
    for page in pages(embedded / "html"):
        ours, words = structure(embedded / "html" / page)
        theirs, their_words = structure(reference / "html" / page)
        assert ours == theirs, page
        assert words == [word.replace("v2", "v1") for word in their_words], page
    assert not (reference / ".quarto").exists()
    assert not (reference / ".gitignore").exists()
    text = (reference / "html" / "effect.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8">' in text


def test_quarto_freezes_the_same_bytes_twice(published) -> None:
    folder = published.freeze(1, renderer=QuartoRenderer(published.root))
    before = {p: p.read_bytes() for p in (folder / "html").rglob("*") if p.is_file()}

    QuartoRenderer(published.root).render(folder)

    assert {p: p.read_bytes() for p in (folder / "html").rglob("*") if p.is_file()} == before


def test_a_full_render_by_hand_gives_the_whole_site(published) -> None:
    published.freeze(1)
    expected = build(published.root, renderer="quarto").path
    kept = expected.with_name("expected")
    expected.rename(kept)
    shutil.rmtree(published.root / "_generated")

    done = subprocess.run(
        ["quarto", "render"],
        cwd=published.root,
        env={**os.environ, "QUARTO_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for page in pages(kept):
        assert (expected / page).read_bytes() == (kept / page).read_bytes(), page
    assert (expected / "versions.js").read_bytes() == (kept / "versions.js").read_bytes()
    assert (expected / "pagefind" / "pagefind.js").is_file()


def test_an_unresolved_reference_stops_quarto_too(published) -> None:
    page = published.root / "comment.qmd"
    page.write_text(page.read_text() + "\nSee @fig-not-there.\n")

    with pytest.raises(EvaluationFailed, match="@fig-not-there"):
        build(published.root, renderer="quarto")
