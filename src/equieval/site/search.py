"""Search over the site, without a server: a Pagefind index made when the site is built.

Pages are handed to Pagefind with what their frozen bytes cannot say: whether their version is the
current one. The search page shows current pages and, if a reader asks for them, older versions.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from equieval.errors import EnvironmentFault, EvaluationFailed
from equieval.site.project import NOT_FOUND
from equieval.site.shell import typographic
from equieval.site.versions import REPORTS, Report

INDEX_FOLDER = "pagefind"
CURRENT, OLDER = "current", "older"
NOT_SEARCHED = (NOT_FOUND, "search.html")
_MAIN = '<main id="content"'
# Pagefind brings interfaces of its own; the search page is ours, so they stay out of the site.
_UNUSED = ("-ui.css", "-ui.js", "pagefind-highlight.js", "wasm.unknown.pagefind")
_LEFT_OUT = (
    ".code-fold",
    ".visually-hidden",
    ".downloads",
    ".release-files",
    ".origin",
    "math",
)


def write_search_index(reports: Sequence[Report], output: Path) -> None:
    """Index every page of the site in ``output`` and write the index beside them.

    Raises
    ------
    EnvironmentFault : the package `pagefind` has no program for this machine.
    EvaluationFailed : Pagefind could not read the pages.
    """
    from pagefind.service import get_executable

    program = get_executable()
    if program is None:
        raise EnvironmentFault(
            "Pagefind is not there: the site cannot be searched without it",
            remedy="install the package pagefind[bin]",
        )
    with tempfile.TemporaryDirectory() as scratch:
        for address, html in searched_pages(reports, output):
            page = Path(scratch) / address
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(html, encoding="utf-8")
        done = subprocess.run(  # noqa: S603 -- the package's own program, no shell
            [
                str(program),
                f"--site={scratch}",
                f"--output-path={output / INDEX_FOLDER}",
                "--keep-index-url",
                "--force-language=en",
                f"--exclude-selectors={', '.join(_LEFT_OUT)}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise EvaluationFailed(f"the search index could not be made: {done.stderr.strip()}")
    for path in (output / INDEX_FOLDER).iterdir():
        if path.name.endswith(_UNUSED):
            path.unlink()


def searched_pages(reports: Sequence[Report], output: Path) -> Iterator[tuple[str, str]]:
    """Yield the address of each page to be searched, and its HTML with what a search needs.

    Redirects, withdrawn versions, the search page and the 404 page are left out.
    """
    for path in sorted(output.glob("*.html")) + sorted((output / "guide").rglob("*.html")):
        address = path.relative_to(output).as_posix()
        if address not in NOT_SEARCHED:
            yield address, _described(path, CURRENT, "")
    for report in reports:
        for version in report.versions:
            if version.status.value == "withdrawn":
                continue
            edition = CURRENT if version is report.latest else OLDER
            about = f"{typographic(version.title)} · version {version.name}"
            folder = output / REPORTS / report.id / version.name
            for page in version.pages:
                path = folder / f"{page.slug}.html"
                yield path.relative_to(output).as_posix(), _described(path, edition, about)


def _described(path: Path, edition: str, about: str) -> str:
    attributes = f' data-pagefind-body data-pagefind-filter="edition:{edition}"'
    if about:
        attributes += f' data-about="{escape(about)}" data-pagefind-meta="about[data-about]"'
    html = path.read_text(encoding="utf-8").replace(" data-pagefind-body", "", 1)
    return html.replace(_MAIN, f'<main{attributes} id="content"', 1)
