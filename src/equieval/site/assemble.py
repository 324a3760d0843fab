"""Building the whole site: aside, checked, then in one move.

A site that fails its checks is never seen, and an interrupted build leaves the old site standing.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from equieval.site.checks import check_site, refuse
from equieval.site.finish import finish
from equieval.site.pages import write_generated
from equieval.site.project import read_project
from equieval.site.renderers import choose_renderer
from equieval.site.search import INDEX_FOLDER, write_search_index

WORK_FOLDER = Path(".equieval") / "site"
PREVIOUS = "previous"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SiteBuilt:
    """What a build did.

    Attributes
    ----------
    path : the site's folder.
    changed : False when the site already was exactly this.
    pages : number of HTML pages in it.
    renderer : what rendered the pages around the reports.
    """

    path: Path
    changed: bool
    pages: int
    renderer: str


def build(root: Path, *, renderer: str = "auto", progress: Progress | None = None) -> SiteBuilt:
    """Build the site of the project in ``root``.

    Parameters
    ----------
    renderer : what renders the pages around the reports; frozen reports are copied as they are.
    progress : called with a few words at the beginning of each step.

    Raises
    ------
    EvaluationFailed : a page cannot be rendered, or the site does not pass its checks.
    InputError : the site's description is wrong, or no renderer has that name.
    EnvironmentFault : Quarto is asked for and is not installed.
    """
    say = progress or (lambda words: None)
    root = root.resolve()
    chosen = choose_renderer(renderer, root=root)
    site = root / read_project(root).output
    work = root / WORK_FOLDER
    _recover(site, work)
    work.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix="build-", dir=work))
    try:
        say("Writing generated pages")
        write_generated(root)
        project = read_project(root)
        say(f"Rendering {len(project.sources)} pages with {chosen.name.capitalize()}")
        output = staging / "site"
        chosen.render_site(output)
        say("Adding published versions")
        reports = finish(project, output)
        say("Checking links and accessibility")
        refuse(check_site(output), where=str(site))
        pages = sum(1 for _ in output.rglob("*.html"))
        changed = not _same(output, site)
        if changed:
            say("Making the search index")
            write_search_index(reports, output)
            say("Putting the new site in place")
            _swap(output, site, work)
        return SiteBuilt(site, changed, pages, chosen.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _same(first: Path, second: Path) -> bool:
    """Return whether ``second`` already is the site in ``first``, byte for byte.

    The search index follows from the pages, so it only has to be there.
    """
    if not (second / INDEX_FOLDER).is_dir():
        return False
    names = [sorted(_names(folder)) for folder in (first, second)]
    return names[0] == names[1] and not filecmp.cmpfiles(first, second, names[0], shallow=False)[1]


def _names(folder: Path) -> list[str]:
    return [
        os.path.relpath(os.path.join(parent, name), folder)  # noqa: PTH118 -- many files, fast
        for parent, _, names in os.walk(folder)
        if INDEX_FOLDER not in Path(parent).relative_to(folder).parts[:1]
        for name in names
    ]


def _swap(new: Path, site: Path, work: Path) -> None:
    """Put ``new`` where ``site`` is; the old site stays aside until the new one stands."""
    previous = work / PREVIOUS
    if site.exists():
        site.replace(previous)
    try:
        new.replace(site)
    except BaseException:
        if previous.exists():
            previous.replace(site)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _recover(site: Path, work: Path) -> None:
    """Undo a swap that was killed between its two moves."""
    previous = work / PREVIOUS
    if previous.exists():
        if site.exists():
            shutil.rmtree(previous)
        else:
            previous.replace(site)
