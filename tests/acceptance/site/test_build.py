"""Building the site: what readers get, and what never happens to them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from equieval.errors import EnvironmentFault, EvaluationFailed, InputError
from equieval.releases.renderer import ReleasePage
from equieval.releases.status import Status
from equieval.site import assemble, build, choose_renderer
from equieval.site.checks import read_page
from equieval.site.pandoc import PandocRenderer


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_project_with_nothing_published_has_a_site_that_says_so(published) -> None:
    built = build(published.root, renderer="pandoc")

    assert built.changed
    assert built.renderer == "pandoc"
    home = (built.path / "index.html").read_text()
    assert "Nothing has been published here yet" in home
    assert "Nothing has been published here yet" in (built.path / "versions.html").read_text()


def test_a_version_is_published_with_its_own_bytes_and_its_downloads(published) -> None:
    version = published.freeze(1)

    site = build(published.root, renderer="pandoc").path / "reports" / "smokefree-north" / "v1"

    frozen = digests(version / "html")
    assert frozen.items() <= digests(site).items()
    for name in ("estimates.csv", "release.json", "effect.ipynb"):
        assert (site / name).read_bytes() == (version / name).read_bytes()
    assert not (site / "_quarto.yml").exists()


def test_the_home_page_gives_each_answer_at_a_glance(published) -> None:
    published.freeze(1)
    published.freeze(1, evaluation="made-up", title="A made-up programme", synthetic=True)

    home = (build(published.root, renderer="pandoc").path / "index.html").read_text()

    for words in (
        "Smokefree pathway in the north",
        "These data cannot say whether the gap narrowed.",
        "Births in one region",
        "0.8 fewer per 1,000",
        "0.3 narrower per 1,000",
        "Very low",
        "9 March 2025",
    ):
        assert words in home
    assert home.count("Synthetic data") == 1
    assert "reports/smokefree-north/v1/index.html" in home


def test_good_practice_workstreams_and_pledges_say_where_there_is_nothing(published) -> None:
    guide = build(published.root, renderer="pandoc").path / "guide"

    practice = (guide / "good-practice.html").read_text()
    assert "No intervention has been evaluated here yet" in practice
    assert "fewer than three share one" in practice
    assert "No evaluation has been released for cardiovascular disease" in practice
    assert (guide / "workstreams.html").read_text().count("No evaluation has been released") > 5
    assert (guide / "pledges.html").read_text().count("No evaluation has been released here") == 9


def test_an_intervention_becomes_a_case_study_with_its_evidence(published) -> None:
    published.freeze(1)
    site = build(published.root, renderer="pandoc").path

    practice = (site / "guide" / "good-practice.html").read_text()
    for words in (
        "Smokefree pathway",
        "<strong>Measured.</strong> Two in three women. Evenly.",
        "<strong>Took part.</strong> Eight women shaped the pathway.",
        "Needs advisers.",
        "The evaluation does not say.",
        'href="../reports/smokefree-north/v1/index.html"',
    ):
        assert words in practice
    assert "Smokefree pathway in the north" in (site / "guide" / "workstreams.html").read_text()
    pledges = (site / "guide" / "pledges.html").read_text()
    assert pledges.count("reports/smokefree-north/v1/index.html") == 2
    used = (site / "indicators.html").read_text()
    assert used.count("reports/smokefree-north/v1/index.html") == 1
    assert "data-filters" not in (site / "index.html").read_text()


def test_comments_are_asked_for_only_where_somebody_reads_them(published) -> None:
    site = build(published.root, renderer="pandoc").path
    assert "Comment on this page" not in (site / "methods.html").read_text()

    description = published.root / "_quarto.yml"
    text = description.read_text().replace('comments: ""', "comments: https://example.org/say")
    description.write_text(text)
    site = build(published.root, renderer="pandoc").path
    assert 'href="./comment.html">Comment on this page' in (site / "methods.html").read_text()
    assert "https://example.org/say" in (site / "comment.html").read_text()


def test_the_comment_page_names_whom_each_report_names(published) -> None:
    published.freeze(1, parameters={"identity": {"contact": "author@example.org"}})
    page = (build(published.root, renderer="pandoc").path / "comment.html").read_text()

    (entry,) = re.findall(r'<li id="smokefree-north">.*?</li>', page, re.DOTALL)
    assert "Contact: author@example.org. Latest version: v1." in entry


def test_a_long_table_is_folded_and_each_page_of_a_report_has_its_own_title_and_description(
    published,
) -> None:
    folder = published.freeze(1)
    notebook = folder / "effect.ipynb"
    row = '<tr><th scope=\\"row\\">REML</th>'
    source = notebook.read_text()
    assert row in source
    notebook.write_text(source.replace(row, "<tr><td>0</td></tr>" * 40 + row))
    PandocRenderer(published.root).render(folder)

    page = (folder / "html" / "effect.html").read_text()
    folded = '<details class="long-table"><summary>Table 1. Effects (41 rows)</summary>'
    assert page.count(folded) == page.count("long-table") == 1
    assert page.index(folded) < page.index('<div class="table-scroll"') < page.index("REML")
    assert "long-table" not in (folder / "html" / "index.html").read_text()
    report = "Smokefree pathway in the north"
    ends = "version v1 – Equity evaluations</title>"
    assert f"<title>Effect on the outcome – {report}, {ends}" in page
    assert f"<title>{report} – {ends}" in (folder / "html" / "index.html").read_text()
    described = f"Effect on the outcome: a page of the report “{report}”"
    assert f'<meta name="description" content="{described}, version v1.">' in page


def test_building_again_changes_nothing(published) -> None:
    published.freeze(1)
    first = build(published.root, renderer="pandoc")
    before = digests(first.path)

    second = build(published.root, renderer="pandoc")

    assert not second.changed
    assert digests(second.path) == before
    assert not list((published.root / ".equieval" / "site").iterdir())


def test_a_broken_link_stops_the_build_and_the_old_site_stands(published) -> None:
    site = build(published.root, renderer="pandoc").path
    before = digests(site)
    page = published.root / "comment.qmd"
    page.write_text(page.read_text() + "\n[nowhere](not-there.qmd)\n")

    with pytest.raises(EvaluationFailed, match=r"comment.html: link leads nowhere: not-there.html"):
        build(published.root, renderer="pandoc")
    assert digests(site) == before


def test_an_unresolved_reference_stops_the_build(published) -> None:
    page = published.root / "comment.qmd"
    page.write_text(page.read_text() + "\nSee @fig-not-there.\n")

    with pytest.raises(EvaluationFailed, match="nothing on the page is called '@fig-not-there'"):
        build(published.root, renderer="pandoc")


def test_a_build_interrupted_at_any_step_leaves_the_old_site(published, monkeypatch) -> None:
    site = build(published.root, renderer="pandoc").path
    before = digests(site)
    published.freeze(1)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for step in ("finish", "check_site", "_same", "write_search_index"):
        with monkeypatch.context() as patched:
            patched.setattr(assemble, step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                build(published.root, renderer="pandoc")
        assert digests(site) == before, step
    assert build(published.root, renderer="pandoc").changed


def test_a_build_killed_between_its_two_moves_is_mended_by_the_next(published) -> None:
    site = build(published.root, renderer="pandoc").path
    before = digests(site)
    site.replace(published.root / ".equieval" / "site" / assemble.PREVIOUS)

    built = build(published.root, renderer="pandoc")

    assert not built.changed
    assert digests(site) == before


def test_a_later_version_and_a_new_look_leave_the_bytes_of_an_old_one(
    published, monkeypatch
) -> None:
    published.freeze(1, status=Status.PROVISIONAL)
    site = build(published.root, renderer="pandoc").path
    old = site / "reports" / "smokefree-north" / "v1"
    before = digests(old)

    from equieval.site import shell

    style = shell.style_sheet()
    monkeypatch.setattr(shell, "style_sheet", lambda: f"{style}\nbody {{ color: #111 }}\n")
    description = published.root / "_quarto.yml"
    description.write_text(description.read_text().replace("Equity evaluations", "Another name"))
    published.freeze(2)
    build(published.root, renderer="pandoc")

    assert digests(old) == before
    assert "Another name" in (site / "index.html").read_text()
    known = json.loads((site / "versions.json").read_text())["evaluations"]["smokefree-north"]
    assert [entry["state"] for entry in known["versions"]] == ["superseded", "latest"]


def test_synthetic_pages_are_labelled_and_kept_from_search_engines(published) -> None:
    published.freeze(1, synthetic=True)
    published.freeze(1, evaluation="real", title="A real one")
    reports = build(published.root, renderer="pandoc").path / "reports"

    for page in (reports / "smokefree-north" / "v1").glob("*.html"):
        assert '<meta name="robots" content="noindex">' in page.read_text()
        assert "<strong>Synthetic data.</strong>" in page.read_text()
    assert "noindex" not in (reports / "real" / "v1" / "index.html").read_text()


def test_every_page_of_a_version_leads_to_all_versions_and_names_latest_as_canonical(
    published,
) -> None:
    folder = published.freeze(1)

    for page in (folder / "html").glob("*.html"):
        text = page.read_text()
        assert 'href="../../../versions.html#smokefree-north">all versions</a>' in text
        assert f'<link rel="canonical" href="../latest/{page.name}">' in text


def test_with_an_address_there_are_canonical_links_a_sitemap_and_a_feed(published) -> None:
    description = published.root / "_quarto.yml"
    description.write_text(
        description.read_text().replace('site-url: ""', "site-url: https://example.org/eq")
    )
    published.freeze(1)
    site = build(published.root, renderer="pandoc").path

    latest = "https://example.org/eq/reports/smokefree-north/latest/effect.html"
    report = (site / "reports" / "smokefree-north" / "v1" / "effect.html").read_text()
    assert f'<link rel="canonical" href="{latest}">' in report
    guide = (site / "guide" / "accessibility.html").read_text()
    assert 'href="https://example.org/eq/guide/accessibility.html"' in guide
    assert "<lastmod>2025-03-09</lastmod>" in (site / "sitemap.xml").read_text()
    assert "<updated>2025-03-09T00:00:00Z</updated>" in (site / "changes.xml").read_text()
    assert 'href="/eq/assets/site.css"' in (site / "404.html").read_text()


def test_a_frozen_page_links_only_to_pages_that_every_site_has(published) -> None:
    folder = published.freeze(1)

    links = read_page((folder / "html" / "effect.html").read_text()).links
    outside = {link.split("#")[0] for link in links if link.startswith("../")}
    assert outside == {
        f"../../../{name}.html" for name in ("index", "versions", "glossary", "search", "comment")
    }


def test_a_report_page_weighs_under_one_megabyte_with_all_it_loads(published) -> None:
    html = published.freeze(1) / "html"

    facts = read_page((html / "effect.html").read_text())
    loaded = [html / name for name in facts.loads if not name.startswith("../")]
    size = (html / "effect.html").stat().st_size + sum(path.stat().st_size for path in loaded)
    assert len(loaded) >= 5
    assert size < 1_000_000


def test_a_page_can_be_made_again_from_the_versions_folder_alone(published, tmp_path) -> None:
    folder = published.freeze(1)
    before = digests(folder / "html")

    (published.root / "_quarto.yml").write_text("website: {title: Another}\n")
    choose_renderer("pandoc", root=published.root).render(folder)

    assert digests(folder / "html") == before


def test_a_page_title_with_markup_characters_stays_words(published) -> None:
    folder = published.freeze(1, title="Costs under $5 & <b>bold</b> claims")

    text = (folder / "html" / "effect.html").read_text()
    assert "Costs under $5 &amp; &lt;b&gt;bold&lt;/b&gt; claims" in text


def test_a_version_without_its_pages_is_named(published) -> None:
    folder = published.freeze(1)
    (folder / "html" / "index.html").unlink()

    with pytest.raises(EvaluationFailed, match="no rendered pages") as caught:
        build(published.root, renderer="pandoc")
    assert "smokefree-north" in caught.value.where


def test_asking_for_quarto_where_there_is_none_says_what_to_do(published, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert choose_renderer("auto", root=published.root).name == "pandoc"
    with pytest.raises(EnvironmentFault, match="Quarto is not installed") as caught:
        build(published.root, renderer="quarto")
    assert caught.value.exit_code == 5
    assert "--renderer pandoc" in caught.value.remedy


def test_another_pandoc_on_the_path_renders_nothing(published, monkeypatch, tmp_path) -> None:
    other = tmp_path / "bin" / "pandoc"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho pandoc 99.0\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin:/bin")

    chosen = choose_renderer("pandoc", root=published.root)

    assert chosen.version != "99.0"
    published.freeze(1, renderer=chosen)
    assert (
        "Effect on the outcome"
        in (
            build(published.root, renderer="pandoc").path / "reports/smokefree-north/v1/effect.html"
        ).read_text()
    )


def test_an_unknown_renderer_gets_a_suggestion(published) -> None:
    with pytest.raises(InputError, match="unknown renderer 'pandok'") as caught:
        build(published.root, renderer="pandok")
    assert "pandoc" in caught.value.remedy


def test_only_pages_of_a_later_version_are_missed_by_the_switcher(published) -> None:
    published.freeze(1, pages=(ReleasePage("index", "Summary"), ReleasePage("data-audit", "Data")))
    published.freeze(2)
    site = build(published.root, renderer="pandoc").path

    versions = json.loads((site / "versions.json").read_text())["evaluations"]["smokefree-north"]
    assert [entry["pages"] for entry in versions["versions"]] == [
        ["index", "data-audit"],
        ["index", "data-audit", "effect"],
    ]
