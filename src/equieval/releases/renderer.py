"""What a release asks of a renderer, and what it tells it.

Floors keep this room from knowing any renderer: the command line hands one in. A version
folder is a small project of its own, so a renderer first writes its project files beside the
executed pages (``prepare``), then turns them into ``html/`` (``render``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from equieval.releases.status import Status

HTML_FOLDER = "html"


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """One page: ``<slug>.ipynb`` in the project becomes ``html/<slug>.html``."""

    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file that the pages may offer; ``path`` is relative to the project folder."""

    path: str
    label: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ReleaseDraft:
    """A version that is about to be frozen, as the renderer sees it.

    Attributes
    ----------
    id, title : the evaluation's slug and its title in words.
    version : 1, 2, …; ``previous`` is the version before it, if any.
    label : free words for the version ("2010 to 2023 data"), may be empty.
    status : what a reader may rely on.
    date : day of release, ``YYYY-MM-DD``.
    pages : in reading order; the first is the front page (slug ``index``).
    synthetic : whether pages must say "synthetic data" and carry ``noindex``.
    headline : the front page's answer (question, answer, verdict, certainty, …).
    downloads : files of the version folder that exist when ``prepare`` is called.
    contact, authors : for the page's footer.
    doi, series_doi : DOI of the version and of all versions together; may be empty.
    """

    id: str
    version: int
    title: str
    label: str
    status: Status
    date: str
    pages: tuple[ReleasePage, ...]
    synthetic: bool = False
    headline: Mapping[str, object] = field(default_factory=dict)
    downloads: tuple[Download, ...] = ()
    previous: int | None = None
    authors: tuple[str, ...] = ()
    contact: str = ""
    doi: str = ""
    series_doi: str = ""


@runtime_checkable
class Renderer(Protocol):
    """Makes ``html/`` from a version folder.

    The folder handed in is the staging folder of the release: it holds ``<slug>.ipynb`` and
    ``<slug>/`` for every page. Whatever a renderer leaves outside ``html/`` is frozen too, so it
    must remove its own caches (Quarto's ``.quarto/`` and ``.gitignore``). It must be
    deterministic: no dates but ``release.date``, no absolute paths, no host names.
    """

    @property
    def name(self) -> str:
        """``pandoc`` or ``quarto``."""
        ...

    @property
    def version(self) -> str:
        """Version of the program, recorded in the release."""
        ...

    def prepare(self, project: Path, release: ReleaseDraft) -> None:
        """Write the project files: ``_quarto.yml`` with its explicit render list, the theme."""
        ...

    def render(self, project: Path) -> None:
        """Render every page of ``project`` into ``project/html``; raise on any failure."""
        ...
