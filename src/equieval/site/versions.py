"""What the site knows of its versions, beside their frozen pages.

`versions.json` (for machines) and `versions.js` (a plain script, so that it works from a folder
too) are the only files that a frozen page reads from outside itself; they tell it what happened
after it was published. `latest/` holds redirects, `sitemap.xml` and `changes.xml` take their
dates from the versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any
from xml.sax.saxutils import escape as escape_xml

from equieval.releases.status import Status
from equieval.releases.version import Release
from equieval.site.project import NOT_FOUND
from equieval.site.shell import date_in_words

VERSIONS_JSON, VERSIONS_JS = "versions.json", "versions.js"
REPORTS, LATEST = "reports", "latest"
SITEMAP, FEED = "sitemap.xml", "changes.xml"
_SCRIPT_NAME = "equievalVersions"


@dataclass(frozen=True, slots=True)
class Report:
    """All versions of one evaluation, oldest first."""

    id: str
    versions: tuple[Release, ...]

    @property
    def latest(self) -> Release | None:
        """The newest version that stands, None when all are withdrawn."""
        standing = [v for v in self.versions if v.status is not Status.WITHDRAWN]
        return standing[-1] if standing else None

    @property
    def shown(self) -> Release:
        """The version that speaks for the evaluation: the latest, or the last one withdrawn."""
        return self.latest or self.versions[-1]


def reports_of(releases: Iterable[Release]) -> tuple[Report, ...]:
    """Group releases by evaluation, in the order of their ids."""
    grouped: dict[str, list[Release]] = {}
    for release in releases:
        grouped.setdefault(release.id, []).append(release)
    return tuple(
        Report(name, tuple(sorted(versions, key=lambda v: v.version)))
        for name, versions in sorted(grouped.items())
    )


def state(version: Release, versions: Sequence[Release]) -> str:
    """Return what a reader of ``version`` must know.

    ``withdrawn``: do not use it; ``corrected``: a later version corrects an error in it;
    ``superseded``: it was provisional and a later version is final; ``newer``: a later version
    stands; ``latest``: none does.
    """
    if version.status is Status.WITHDRAWN:
        return "withdrawn"
    later = [
        other.status
        for other in versions
        if other.version > version.version and other.status is not Status.WITHDRAWN
    ]
    if Status.CORRECTED in later:
        return "corrected"
    if version.status is Status.PROVISIONAL and Status.FINAL in later:
        return "superseded"
    return "newer" if later else "latest"


def versions_record(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the content of ``versions.json``."""
    return {
        "schema": 1,
        "evaluations": {
            report.id: {
                "title": report.shown.title,
                "latest": report.latest.name if report.latest else None,
                "versions": [_entry(version, report) for version in report.versions],
            }
            for report in reports
        },
    }


def _entry(version: Release, report: Report) -> dict[str, Any]:
    return {
        "version": version.name,
        "label": version.label,
        "status": version.status.value,
        "state": state(version, report.versions),
        "date": version.date,
        "date_words": date_in_words(version.date),
        "synthetic": version.synthetic,
        "pages": [page.slug for page in version.pages],
    }


def write_versions(reports: Sequence[Report], output: Path) -> None:
    """Write ``versions.json`` and ``versions.js`` into ``output``."""
    text = json.dumps(versions_record(reports), indent=1, ensure_ascii=False, sort_keys=True)
    _write(output / VERSIONS_JSON, f"{text}\n")
    _write(output / VERSIONS_JS, f"window.{_SCRIPT_NAME} = {text};\n")


def write_latest(report: Report, output: Path) -> None:
    """Write a redirect for each page of a report: to the same page of its latest version.

    A page that only older versions have leads to the latest version's first page, so that no
    address that was ever given out stops working. A report with no standing version leads to the
    list of its versions.
    """
    latest = report.latest
    known = {page.slug for page in latest.pages} if latest else set()
    slugs = {page.slug for version in report.versions for page in version.pages} | {"index"}
    for slug in sorted(slugs):
        if latest is None:
            target = f"../../../versions.html#{report.id}"
        else:
            target = f"../{latest.name}/{slug if slug in known else 'index'}.html"
        _write(
            output / REPORTS / report.id / LATEST / f"{slug}.html",
            _redirect(report.shown.title, target, noindex=report.shown.synthetic),
        )


def _redirect(title: str, target: str, *, noindex: bool) -> str:
    robots = '<meta name="robots" content="noindex">\n' if noindex else ""
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">\n'
        f'<meta http-equiv="refresh" content="0; url={escape(target)}">\n'
        f'<link rel="canonical" href="{escape(target)}">\n{robots}'
        f"<title>{escape(title)}: latest version</title>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n"
        f'<p><a href="{escape(target)}">Go to the latest version of this page</a></p>\n'
        "</main>\n</body>\n</html>\n"
    )


def write_sitemap(
    reports: Sequence[Report], pages: Iterable[PurePosixPath], output: Path, *, site_url: str
) -> None:
    """Write ``sitemap.xml``: the site's own pages and the latest version of each report.

    Synthetic and withdrawn reports are left out. A sitemap holds absolute addresses, so without
    the site's address none is written. Dates are the versions' own, never those of files.
    """
    if not site_url:
        return
    newest = max((r.shown.date for r in reports), default="")
    entries = [(str(page), newest) for page in pages if str(page) != NOT_FOUND]
    for report in reports:
        latest = report.latest
        if latest and not latest.synthetic:
            folder = f"{REPORTS}/{report.id}/{latest.name}"
            entries += [(f"{folder}/{page.slug}.html", latest.date) for page in latest.pages]
    urls = "".join(
        f"<url><loc>{escape_xml(site_url + path)}</loc>"
        + (f"<lastmod>{day}</lastmod>" if day else "")
        + "</url>\n"
        for path, day in entries
    )
    _write(
        output / SITEMAP,
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n',
    )


def write_feed(reports: Sequence[Report], output: Path, *, title: str, site_url: str) -> None:
    """Write ``changes.xml``, an Atom feed of published versions, newest first.

    Feed readers need absolute addresses, so without the site's address none is written.
    """
    if not site_url:
        return
    newest = max((v.date for r in reports for v in r.versions), default="1970-01-01")
    entries = "".join(_feed_entry(version, site_url) for version in newest_first(reports))
    _write(
        output / FEED,
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{escape_xml(title)}: versions and changes</title>\n"
        f"<id>{escape_xml(site_url)}</id>\n"
        f'<link href="{escape_xml(site_url)}"/>\n'
        f'<link rel="self" href="{escape_xml(site_url + FEED)}"/>\n'
        f"<author><name>{escape_xml(title)}</name></author>\n"
        f"<updated>{newest}T00:00:00Z</updated>\n{entries}</feed>\n",
    )


def _feed_entry(version: Release, site_url: str) -> str:
    address = escape_xml(f"{site_url}{REPORTS}/{version.id}/{version.name}/index.html")
    label = f" ({version.label})" if version.label else ""
    words = f"{version.title}: version {version.name}{label}"
    return (
        f"<entry><title>{escape_xml(words)}</title><id>{address}</id>"
        f'<link href="{address}"/><updated>{version.date}T00:00:00Z</updated>'
        f"<summary>{escape_xml(version.status.meaning)}</summary></entry>\n"
    )


def newest_first(reports: Sequence[Report]) -> Iterator[Release]:
    """Yield every version of every report, the latest published first."""
    versions = [version for report in reports for version in report.versions]
    yield from sorted(versions, key=lambda v: (v.date, v.version, v.id), reverse=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
