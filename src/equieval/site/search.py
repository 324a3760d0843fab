"""Search over the site, without a server: a Pagefind index made when the site is built.

Pages are handed to Pagefind with what their frozen bytes cannot say: whether their version is the
current one. The search page shows current pages and, if a reader asks for them, older versions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from equieval.errors import EnvironmentFault
from equieval.site.project import NOT_FOUND
from equieval.site.versions import REPORTS, Report

if TYPE_CHECKING:
    from pagefind.index import IndexConfig

INDEX_FOLDER = "pagefind"
CURRENT, OLDER = "current", "older"
NOT_SEARCHED = (NOT_FOUND, "search.html")
_BATCH = 50
_MAIN = '<main id="content"'
# Pagefind brings interfaces of its own; the search page is ours, so they stay out of the site.
_UNUSED = ("-ui.css", "-ui.js", "pagefind-highlight.js", "wasm.unknown.pagefind")
_LEFT_OUT = (".code-fold", ".visually-hidden", ".downloads", ".release-files", "annotation")


def write_search_index(reports: Sequence[Report], output: Path) -> None:
    """Index every page of the site in ``output`` and write the index beside them.

    Raises
    ------
    EnvironmentFault : the package `pagefind` has no program for this machine.
    """
    from pagefind.service import get_executable

    if get_executable() is None:
        raise EnvironmentFault(
            "Pagefind is not there: the site cannot be searched without it",
            remedy="install the package pagefind[bin]",
        )
    asyncio.run(_index(searched_pages(reports, output), output / INDEX_FOLDER))


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
            about = f"{version.title}, version {version.name}"
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


async def _index(pages: Iterator[tuple[str, str]], folder: Path) -> None:
    from pagefind.service import PagefindService

    config: IndexConfig = {
        "keep_index_url": True,
        "force_language": "en",
        "exclude_selectors": list(_LEFT_OUT),
    }
    async with PagefindService() as service:
        index = await service.create_index(config=config)
        for batch in _batched(pages):
            await asyncio.gather(
                *(index.add_html_file(content=html, url=address) for address, html in batch)
            )
        await index.write_files(str(folder))
    for path in folder.iterdir():
        if path.name.endswith(_UNUSED):
            path.unlink()


def _batched(pages: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Yield the pages in groups; Pagefind answers in ticks, so a group waits only once."""
    while batch := list(islice(pages, _BATCH)):
        yield batch
