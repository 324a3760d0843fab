"""The last look at a built site, before it leaves: every file of it, the search index included.

Versions were judged when they were released. The site around them is made anew: its pages, lists of
versions, feeds and search index are read here for the same things, byte for byte.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from equieval.errors import DisclosureRefused, EquievalError
from equieval.protocol import load_evaluation
from equieval.releases.layout import CODE, REPORTS
from equieval.releases.leaks import site_leaks
from equieval.releases.manifest import plain_files
from equieval.releases.private import Private, private_counts
from equieval.releases.surroundings import Surroundings, file_findings
from equieval.releases.told_rates import admitting

_NAMED = 10
_SEARCH = "pagefind"
_PACKED = ".pf_"  # what the search program packs: our words, and not the program itself


def privates_of(project: Path) -> tuple[dict[str, Private], tuple[str, ...]]:
    """Return what must not be told of each evaluation, and whose exact counts are not at hand.

    Parameters
    ----------
    project : the project's folder.

    Returns
    -------
    Evaluation → `Private`, of those whose profile protects counts; then the ids of evaluations
    whose data are not here: their files are as they were judged when they were released.
    """
    found: dict[str, Private] = {}
    absent: list[str] = []
    for path in sorted((project / "params").glob("*.yaml")):
        try:
            private = private_counts(project, load_evaluation(path))
        except EquievalError:
            absent.append(path.stem)
            continue
        if private is not None:
            found[path.stem] = private
    return found, tuple(absent)


def refuse_leaks(
    site: Path, project: Path, *, stated: str = "", privates: Mapping[str, Private] | None = None
) -> None:
    """Refuse a site that tells the machine or the account that made it, or protected counts.

    Parameters
    ----------
    site : the site's folder.
    project : the project's folder.
    stated : text in which the project states names of its own accord.
    privates : as `privates_of` gives them.

    Raises
    ------
    DisclosureRefused : naming each file.
    """
    here = Surroundings.of(project)
    privates = {id: _of_site(site, id, private) for id, private in (privates or {}).items()}
    found = [
        f"  {name}: {message}"
        for name, path in plain_files(site).items()
        if not _same_for_all(name)
        for message in _findings(name, path.read_bytes(), here, stated, privates)
    ]
    if found:
        more = [f"  and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
        raise DisclosureRefused(
            "\n".join(["the site gives away what it must not", *found[:_NAMED], *more]),
            where=site.name,
            remedy="remove what the files name, build the site again, then publish",
        )


def _of_site(site: Path, evaluation_id: str, private: Private) -> Private:
    """Return what must not be told of one evaluation beside the tables that the site has of it."""
    folder = site / REPORTS / evaluation_id
    return admitting(private, (path.read_bytes() for path in folder.rglob("*.csv"))) or private


def _same_for_all(name: str) -> bool:
    """Whether a file is a program's own: the package's archive, the search program."""
    parts = PurePosixPath(name).parts
    of_search = parts[0] == _SEARCH and _PACKED not in name and not name.endswith(".json")
    return of_search or (parts[0] == REPORTS and CODE in parts[:-1])


def _findings(
    name: str, content: bytes, here: Surroundings, stated: str, privates: Mapping[str, Private]
) -> Iterator[str]:
    yield from file_findings(name, _unpacked(name, content), here, stated=stated)
    yield from site_leaks(name, content, privates)


def _unpacked(name: str, content: bytes) -> bytes:
    if _PACKED not in name:
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content
