"""The checks that every build runs: each finds its fault and leaves a sound page alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from equieval.errors import EvaluationFailed
from equieval.site.checks import check_site, refuse

SOUND = """<!DOCTYPE html><html lang="en-GB"><head><title>T</title>
<link rel="stylesheet" href="a.css"></head><body><h1 id="top-of-page">T</h1>
<a href="b.html#part">b</a> <a href="https://example.org/">elsewhere</a> <a href="#top">up</a>
<img src="a.svg" alt="The rate fell."><label for="q">Words</label><input id="q">
<table><tr><th scope="col">Year</th></tr></table></body></html>"""
OTHER = '<html lang="en"><title>B</title><h1>B</h1><h2 id="part">P</h2></html>'


def site(folder: Path, page: str = SOUND) -> Path:
    (folder / "a.html").write_text(page)
    (folder / "b.html").write_text(OTHER)
    (folder / "a.svg").write_text("<svg/>")
    (folder / "a.css").write_text("p { color: red }")
    return folder


def test_a_sound_site_has_no_problems(tmp_path: Path) -> None:
    assert check_site(site(tmp_path)) == ()


@pytest.mark.parametrize(
    ("sound", "broken", "said"),
    [
        ('href="b.html#part"', 'href="c.html"', "link leads nowhere: c.html"),
        ('href="b.html#part"', 'href="b.html#no"', "anchor that is not there: b.html#no"),
        ('href="b.html#part"', 'href="../x.html"', "link leads out of the site: ../x.html"),
        ('src="a.svg"', 'src="https://example.org/a.svg"', "loads from another host"),
        ('src="a.svg"', 'src="//example.org/a.svg"', "loads from another host"),
        ('alt="The rate fell."', "", "has no text beside it"),
        ('lang="en-GB"', "", "does not say its language"),
        ("<title>T</title>", "", "has no title"),
        ("<h1 ", "<h1>Two</h1><h1 ", "2 first-level headings"),
        ("</h1>", "</h1><h3>Deep</h3>", "a heading of level 3 follows one of level 1"),
        ('href="#top"', 'href="#top" id="q"', "the id 'q' is used 2 times"),
        ('for="q"', "", "an? <input> has no label"),
        (' scope="col"', "", "a table header has no scope"),
        ("<body>", "<body><script>x()</script>", "a script stands in the page"),
        ("<body>", '<body onload="x()">', "script attribute 'onload'"),
        ("<body>", '<body style="color: red">', "style attribute"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, sound: str, broken: str, said: str) -> None:
    assert sound in SOUND
    problems = check_site(site(tmp_path, SOUND.replace(sound, broken)))

    assert len(problems) == 1
    with pytest.raises(EvaluationFailed, match=said):
        refuse(problems, where="_site")


def test_a_style_sheet_may_not_load_from_another_host(tmp_path: Path) -> None:
    folder = site(tmp_path)
    (folder / "a.css").write_text("@import 'https://fonts.example.org/x.css';")

    assert [problem.page for problem in check_site(folder)] == ["a.css"]
