"""The one description of a site: `_quarto.yml`, as both renderers read it.

A site is a Quarto website project. The root of the repository is one; each released version
is a small one of its own. This module reads what the embedded renderer and the page shell need
from it, and refuses what it cannot honour, so that the two renderers cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import yaml

from equieval.errors import InputError, did_you_mean

PROJECT_FILE = "_quarto.yml"
NOT_FOUND = "404.html"
PAGE_SUFFIXES = (".qmd", ".md", ".ipynb")
SETTINGS = ("comments", "contact", "release")


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of a navigation: words, and the page as a path in the output."""

    text: str
    path: str

    @property
    def key(self) -> str:
        """Name under which a page template knows that this page is the current one."""
        return page_key(self.path)


@dataclass(frozen=True, slots=True)
class Section:
    """A group of pages that are read in order: a guide, or one report."""

    id: str
    title: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class SiteProject:
    """A website project.

    Attributes
    ----------
    folder : where `_quarto.yml` lies.
    output : name of the output folder inside it.
    sources : pages to render, as paths from ``folder``, in the order of ``project.render``.
    site_url : absolute address of the published site, with a trailing slash, or empty.
    template, filter : the page template and the filter, as paths from ``folder``.
    settings : the ``equieval:`` block.
    """

    folder: Path
    title: str
    description: str
    output: str
    sources: tuple[PurePosixPath, ...]
    resources: tuple[str, ...]
    navigation: tuple[NavItem, ...]
    sections: tuple[Section, ...]
    footer: str
    site_url: str
    lang: str
    toc_depth: int
    code_summary: str
    template: str
    filter: str
    bibliography: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def site_path(self) -> str:
        """Path part of the site's address without the last slash; empty when unknown."""
        return urlsplit(self.site_url).path.rstrip("/") if self.site_url else ""

    @property
    def release(self) -> Mapping[str, Any] | None:
        """What is released here, when this project is one version of a report."""
        release = self.settings.get("release")
        return release if isinstance(release, Mapping) else None

    def pages(self) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
        """Yield each page's source and its output path."""
        for source in self.sources:
            yield source, output_path(source)


def output_path(source: PurePosixPath | str) -> PurePosixPath:
    """Return the path of a page in the output: the source with the suffix ``.html``."""
    return PurePosixPath(source).with_suffix(".html")


def page_key(path: str | PurePosixPath) -> str:
    """Return the name of a page in templates.

    >>> page_key("guide/how-to.html")
    'p-guide-how-to'
    """
    stem = str(PurePosixPath(path).with_suffix(""))
    return "p-" + "".join(letter if letter.isalnum() else "-" for letter in stem)


def read_project(folder: Path) -> SiteProject:
    """Read the project in ``folder``.

    Raises
    ------
    InputError : no `_quarto.yml`, no valid YAML, a missing title, a page in `project.render`
        or in a navigation that is not there, an unknown setting under ``equieval:``.
    """
    path = folder / PROJECT_FILE
    if not path.is_file():
        raise InputError(
            "this folder holds no site", where=str(folder), remedy=f"add a {PROJECT_FILE}"
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise InputError(
            "the site's description is not valid YAML", where=f"{path}: {error}"
        ) from None
    reader = _Reader(path, document)
    project, website = reader.block("project"), reader.block("website")
    html = reader.block("html", reader.block("format"))
    settings = reader.block("equieval")
    for key in settings:
        if key not in SETTINGS:
            raise InputError(
                f"unknown setting '{key}'",
                where=f"{path}: equieval.{key}",
                remedy=did_you_mean(str(key), SETTINGS),
            )
    if not website.get("title"):
        raise InputError("the site has no title", where=f"{path}: website.title")
    sources = tuple(_expand(folder, reader, project.get("render") or ["*.qmd"]))
    site_url = str(website.get("site-url") or "")
    bibliography = document.get("bibliography") or ()
    return SiteProject(
        folder=folder,
        title=str(website["title"]),
        description=str(website.get("description") or ""),
        output=str(project.get("output-dir") or "_site"),
        sources=sources,
        resources=tuple(map(str, project.get("resources") or ())),
        navigation=reader.items(
            (website.get("navbar") or {}).get("left") or (), "website.navbar.left", sources
        ),
        sections=reader.sections(website.get("sidebar") or (), sources),
        footer=str(website.get("page-footer") or ""),
        site_url=f"{site_url.rstrip('/')}/" if site_url else "",
        lang=str(document.get("lang") or "en-GB"),
        toc_depth=int(html.get("toc-depth") or 3),
        code_summary=str(html.get("code-summary") or "Code"),
        template=str(html.get("template") or ""),
        filter=_filter(html),
        bibliography=(bibliography,) if isinstance(bibliography, str) else tuple(bibliography),
        settings=settings,
    )


def _expand(folder: Path, reader: _Reader, patterns: Iterable[str]) -> Iterator[PurePosixPath]:
    """Yield the pages that ``project.render`` names, each once.

    Quarto matches a bare ``*.ipynb`` in every subfolder; to mean the same in both renderers a
    project names its files, or one folder's (``guide/*.qmd``).
    """
    seen: set[PurePosixPath] = set()
    for pattern in patterns:
        found = sorted(folder.glob(pattern)) if "*" in pattern else [folder / pattern]
        for path in found:
            if not path.is_file():
                raise InputError(
                    f"the page '{pattern}' is not there",
                    where=f"{reader.path}: project.render",
                    remedy="correct the name, or take it off the list",
                )
            source = PurePosixPath(path.relative_to(folder).as_posix())
            hidden = any(part.startswith(("_", ".")) for part in source.parts)
            if path.suffix in PAGE_SUFFIXES and not hidden and source not in seen:
                seen.add(source)
                yield source


def _filter(html: Mapping[str, Any]) -> str:
    """Return the path of the first filter; Quarto takes a path, or a path and its place."""
    for entry in html.get("filters") or ():
        return str(entry["path"] if isinstance(entry, Mapping) else entry)
    return ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads blocks of one `_quarto.yml` and names the key in every complaint."""

    path: Path
    document: Mapping[str, Any]

    def block(self, key: str, within: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        value = (self.document if within is None else within).get(key) or {}
        if not isinstance(value, Mapping):
            raise InputError(f"'{key}' must hold settings", where=f"{self.path}: {key}")
        return value

    def items(
        self, entries: Iterable[Any], where: str, sources: tuple[PurePosixPath, ...]
    ) -> tuple[NavItem, ...]:
        return tuple(self._item(entry, where, sources) for entry in entries)

    def sections(self, value: Any, sources: tuple[PurePosixPath, ...]) -> tuple[Section, ...]:
        entries = [value] if isinstance(value, Mapping) else list(value)
        return tuple(
            Section(
                id=str(entry.get("id") or f"section-{number}"),
                title=str(entry.get("title") or ""),
                items=self.items(entry.get("contents") or (), "website.sidebar", sources),
            )
            for number, entry in enumerate(entries, start=1)
        )

    def _item(self, entry: Any, where: str, sources: tuple[PurePosixPath, ...]) -> NavItem:
        if not isinstance(entry, Mapping) or not entry.get("text") or not entry.get("href"):
            raise InputError(
                f"a navigation entry needs 'text' and 'href': {entry!r}",
                where=f"{self.path}: {where}",
            )
        source = PurePosixPath(str(entry["href"]))
        if source not in sources:
            raise InputError(
                f"the navigation names a page that is not rendered: '{source}'",
                where=f"{self.path}: {where}",
                remedy=did_you_mean(str(source), map(str, sources)),
            )
        return NavItem(str(entry["text"]), str(output_path(source)))
