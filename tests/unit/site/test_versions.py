"""What a reader of an old version is told."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest

from equieval.releases.renderer import ReleasePage
from equieval.releases.status import Status
from equieval.releases.version import Release
from equieval.site.versions import (
    Report,
    reports_of,
    state,
    write_feed,
    write_latest,
    write_sitemap,
    write_versions,
)

PAGES = (ReleasePage("index", "Summary"), ReleasePage("effect", "Effect"))
URL = "https://example.org/evaluations/"


def version(
    number: int,
    status: Status = Status.FINAL,
    pages: tuple[ReleasePage, ...] = PAGES,
    *,
    synthetic: bool = False,
    date: str = "2025-03-01",
) -> Release:
    return Release(
        path=Path(f"v{number}"),
        id="care-bundle",
        version=number,
        title="Care & bundle",
        label="",
        status=status,
        date=date,
        approvers=(),
        renderer="pandoc",
        renderer_version="3",
        content_digest="",
        previous=None,
        headline={},
        pages=pages,
        synthetic=synthetic,
    )


P, F, C, W = Status.PROVISIONAL, Status.FINAL, Status.CORRECTED, Status.WITHDRAWN


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([F], ["latest"]),
        ([P, P], ["newer", "latest"]),
        ([P, F], ["superseded", "latest"]),
        ([F, F], ["newer", "latest"]),
        ([F, C], ["corrected", "latest"]),
        ([P, F, C], ["corrected", "corrected", "latest"]),
        ([F, W], ["latest", "withdrawn"]),
        ([W], ["withdrawn"]),
        ([P, W, F], ["superseded", "withdrawn", "latest"]),
    ],
)
def test_each_version_says_what_happened_since(statuses: list[Status], expected: list[str]) -> None:
    versions = [version(number, status) for number, status in enumerate(statuses, start=1)]

    assert [state(one, versions) for one in versions] == expected


def test_the_script_and_the_json_say_the_same(tmp_path: Path) -> None:
    write_versions(reports_of([version(2), version(1, P)]), tmp_path)

    record = json.loads((tmp_path / "versions.json").read_text())
    script = (tmp_path / "versions.js").read_text()
    assert json.loads(script.removeprefix("window.equievalVersions = ").rstrip(";\n")) == record
    assert record["evaluations"]["care-bundle"]["latest"] == "v2"
    assert [v["version"] for v in record["evaluations"]["care-bundle"]["versions"]] == ["v1", "v2"]


def test_latest_leads_to_the_same_page_or_else_to_the_summary(tmp_path: Path) -> None:
    older = version(1, pages=(*PAGES, ReleasePage("audit", "Audit")))
    write_latest(Report("care-bundle", (older, version(2))), tmp_path)

    folder = tmp_path / "reports" / "care-bundle" / "latest"
    targets = {
        path.stem: path.read_text().split("url=")[1].split('"')[0] for path in folder.iterdir()
    }
    assert targets == {
        "index": "../v2/index.html",
        "effect": "../v2/effect.html",
        "audit": "../v2/index.html",
    }


def test_a_wholly_withdrawn_report_leads_to_its_list_of_versions(tmp_path: Path) -> None:
    write_latest(Report("care-bundle", (version(1, W),)), tmp_path)

    text = (tmp_path / "reports/care-bundle/latest/index.html").read_text()
    assert "../../../versions.html#care-bundle" in text


def test_the_sitemap_has_the_versions_dates_and_leaves_synthetic_and_old_ones_out(
    tmp_path: Path,
) -> None:
    real = Report("care-bundle", (version(1, date="2024-01-01"), version(2, date="2025-02-03")))
    made_up = Report("made-up", (version(1, synthetic=True),))
    pages = [PurePosixPath("index.html"), PurePosixPath("404.html")]
    write_sitemap([real, made_up], pages, tmp_path, site_url=URL)

    spaces = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    root = ElementTree.fromstring((tmp_path / "sitemap.xml").read_text())
    found = {
        url.findtext("s:loc", "", spaces): url.findtext("s:lastmod", "", spaces)
        for url in root.findall("s:url", spaces)
    }
    assert set(found) == {
        f"{URL}index.html",
        f"{URL}reports/care-bundle/v2/index.html",
        f"{URL}reports/care-bundle/v2/effect.html",
    }
    assert found[f"{URL}reports/care-bundle/v2/effect.html"] == "2025-02-03"


def test_the_feed_lists_versions_newest_first(tmp_path: Path) -> None:
    report = Report("care-bundle", (version(1, date="2024-01-01"), version(2, date="2025-02-03")))
    write_feed([report], tmp_path, title="A & B", site_url=URL)

    root = ElementTree.fromstring((tmp_path / "changes.xml").read_text())
    atom = {"a": "http://www.w3.org/2005/Atom"}
    titles = [entry.findtext("a:title", "", atom) for entry in root.findall("a:entry", atom)]
    assert titles == ["Care & bundle: version v2", "Care & bundle: version v1"]


def test_without_an_address_there_is_neither_sitemap_nor_feed(tmp_path: Path) -> None:
    write_sitemap([], [], tmp_path, site_url="")
    write_feed([], tmp_path, title="T", site_url="")

    assert list(tmp_path.iterdir()) == []
