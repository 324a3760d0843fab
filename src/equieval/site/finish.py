"""What stands around the rendered pages: frozen versions, assets, versions files, search.

Both renderers, and a `quarto render` by hand, end here. Versions are copied byte for byte from
where they were frozen, so publishing the hundredth costs what publishing the second cost.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from equieval.errors import EvaluationFailed
from equieval.releases.renderer import HTML_FOLDER
from equieval.releases.version import Release, list_releases
from equieval.site.project import SiteProject
from equieval.site.shell import write_assets
from equieval.site.versions import (
    REPORTS,
    Report,
    reports_of,
    write_feed,
    write_latest,
    write_sitemap,
    write_versions,
)

ASSETS = "assets"


def finish(project: SiteProject, output: Path) -> tuple[Report, ...]:
    """Complete a rendered site in ``output``; the versions files are written last.

    Raises
    ------
    EvaluationFailed : a version has no rendered pages.
    ReleaseError : a version's record cannot be read.
    """
    reports = reports_of(list_releases(project.folder))
    write_assets(output / ASSETS)
    for report in reports:
        for version in report.versions:
            copy_version(version, output / REPORTS / report.id / version.name)
        write_latest(report, output)
    pages = [path for _, path in project.pages()]
    write_sitemap(reports, pages, output, site_url=project.site_url)
    write_feed(reports, output, title=project.title, site_url=project.site_url)
    (output / ".nojekyll").write_bytes(b"")  # GitHub Pages would leave out files it does not know
    write_versions(reports, output)
    return reports


def copy_version(version: Release, target: Path) -> None:
    """Copy a version's frozen pages, and the files that readers may download, to ``target``.

    The page sources of the version's own project stay behind; everything else that was frozen
    is there to be downloaded under the path that its manifest gives.
    """
    pages = version.path / HTML_FOLDER
    if not (pages / "index.html").is_file():
        raise EvaluationFailed(
            "a released version has no rendered pages",
            where=str(pages),
            remedy="restore the version's folder from version control or a backup",
        )
    for path in _files(pages):
        _place(path, target / path.relative_to(pages))
    for path in _downloads(version.path):
        _place(path, target / path.relative_to(version.path))


def _downloads(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("_", ".")) or path.name in (HTML_FOLDER, ASSETS):
            continue
        yield from _files(path) if path.is_dir() else [path]


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(parent) / name


def _place(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
