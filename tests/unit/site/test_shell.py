"""The page shell: one set of tokens, a security policy that holds, words that stay words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from equieval.protocol import INDICATORS
from equieval.site.pages import THEMES, fragments
from equieval.site.project import read_project
from equieval.site.shell import (
    POLICY,
    date_in_words,
    page_template,
    size_in_words,
    style_sheet,
    write_assets,
)

ROOT = Path(__file__).resolve().parents[3]


def test_every_token_that_the_style_sheet_uses_is_defined() -> None:
    css = style_sheet()

    used = set(re.findall(r"var\((--[\w-]+)", css))
    defined = set(re.findall(r"^\s*(--[\w-]+):", css, re.MULTILINE))
    assert used - defined == set()


def test_colours_come_from_the_tokens_and_paper_only() -> None:
    """Outside the tokens a colour is written out only for print and for the mark's own bar."""
    rules = style_sheet().split("@media print")[0]
    after_tokens = rules[rules.index("box-sizing") :]

    assert set(re.findall(r"#[0-9a-f]{3,6}\b", after_tokens)) == {"#f59a52"}


def test_the_policy_lets_nothing_run_inline_and_nothing_in_from_elsewhere() -> None:
    assert "unsafe-inline" not in POLICY
    assert "unsafe-eval'" not in POLICY.replace("wasm-unsafe-eval", "")
    assert POLICY.startswith("default-src 'none'")
    assert "http" not in POLICY


def test_a_title_with_a_dollar_sign_starts_no_template_variable() -> None:
    template = page_template(read_project(ROOT), site_title="Costs $title$ & more")

    assert "Costs $$title$$ &amp; more" in template


def test_a_version_gets_the_scripts_that_its_pages_use(tmp_path: Path) -> None:
    write_assets(tmp_path / "site")
    write_assets(tmp_path / "version", of_version=True)

    names = [{path.name for path in (tmp_path / kind).iterdir()} for kind in ("site", "version")]
    assert names[0] - names[1] == {"search.js", "portfolio.js"}
    assert names[1] == {"site.css", "theme.js", "page.js", "versions-banner.js", "icon.svg"}


@pytest.mark.parametrize(
    ("given", "said"), [("2025-03-09", "9 March 2025"), ("2024-12-31", "31 December 2024")]
)
def test_dates_are_written_as_british_readers_write_them(given: str, said: str) -> None:
    assert date_in_words(given) == said


def test_sizes_are_rounded_to_what_a_reader_wants() -> None:
    assert [size_in_words(size) for size in (0, 999, 71_372, 2_340_000)] == [
        "under 1 kB",
        "under 1 kB",
        "71 kB",
        "2.3 MB",
    ]


def test_the_catalogue_page_shows_every_indicator_once() -> None:
    listed = [row.id for _, _, rows in THEMES for row in rows]
    assert sorted(listed) == sorted(INDICATORS)

    text = fragments(read_project(ROOT), [])["indicators"]
    for row in INDICATORS.values():
        assert text.count(f'id="{row.id}"') == 1
    assert "By deprivation, ethnicity, Core20." in text
    assert "By ethnicity of staff." in text


def test_the_methods_page_prints_the_thresholds_that_the_software_uses() -> None:
    from equieval.study.adequacy import THRESHOLDS
    from equieval.study.audit_adequacy import AUDIT_THRESHOLDS

    text = fragments(read_project(ROOT), [])["adequacy"]
    tables = [table.partition("</table>")[0] for table in text.split("<caption>")[1:]]
    assert len(tables) == len(THRESHOLDS) + 1
    for table, thresholds in zip(tables, (*THRESHOLDS.values(), AUDIT_THRESHOLDS), strict=True):
        rows = table.split("<tr>")[2:]
        for row, threshold in zip(rows, thresholds, strict=True):
            assert threshold.label in row
            assert f">{threshold.can_carry_from:g}<" in row
            assert f">{threshold.caution_from:g}<" in row


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"comments": "https://example.org/new"}, 'href="https://example.org/new"'),
        ({"contact": "team@example.org"}, "Write to team@example.org"),
        ({}, "has not named an address for comments yet"),
    ],
)
def test_the_comment_page_says_where_to_comment(settings: dict[str, str], said: str) -> None:
    project = replace(read_project(ROOT), settings=settings)

    assert said in fragments(project, [])["comment"]
