"""Reading a draft folder without trusting it.

Drafts are written by notebooks, and a notebook can write anything. So nothing is opened before
it is known to be a plain file inside the folder, and every name is checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equieval.disclosure.declaration import ARTEFACTS_FILE
from equieval.releases.layout import HEADLINE, PAGE_ESTIMATES, PAGES, PARAMETERS, RUN_RECORD
from equieval.releases.notebooks import parse_notebook
from equieval.releases.record import Finding
from equieval.releases.subject import SubjectPage

PAGE_CELLS = "cells.parquet"
"""The cells behind a page's estimates: the gate judges by them, and they are never published."""

LARGEST_FILE = 50 * 1024 * 1024
_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_ARTEFACT_SUFFIXES = (".svg", ".png", ".csv", ".json")
_OWN_FILES = frozenset({ARTEFACTS_FILE, PAGE_ESTIMATES, PAGE_CELLS, HEADLINE})


@dataclass(frozen=True)
class DraftPage:
    """One executed page as found in a draft.

    Attributes
    ----------
    page : what the page is.
    notebook : the executed notebook (nbformat 4).
    artefacts : declared artefacts by id, as in ``artefacts.json``.
    files : content of the declared files by name.
    """

    page: SubjectPage
    notebook: Mapping[str, Any]
    artefacts: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, bytes]

    @property
    def notebook_file(self) -> str:
        """Path of the notebook inside the draft."""
        return f"{PAGES}/{self.page.slug}.ipynb"


@dataclass
class Draft:
    """A draft folder, read; ``layout`` and ``undeclared`` hold what is wrong with it."""

    folder: Path
    files: Mapping[str, Path]
    pages: tuple[DraftPage, ...] = ()
    layout: list[Finding] = field(default_factory=list)
    undeclared: list[Finding] = field(default_factory=list)

    def content(self, name: str) -> bytes:
        """Return the bytes of a plain file of the draft, empty where there is none."""
        path = self.files.get(name)
        return b"" if path is None else path.read_bytes()


def read_draft(folder: Path, pages: Sequence[SubjectPage]) -> Draft:
    """Read a draft and collect every fault of its layout; raises nothing for a hostile one."""
    layout: list[Finding] = []
    draft = Draft(folder, dict(_plain_files(folder, layout)), layout=layout)
    for name in (RUN_RECORD, PARAMETERS):
        if name not in draft.files:
            layout.append(Finding("the draft has no such file", name))
    expected = {f"{PAGES}/{page.slug}" for page in pages}
    for name in sorted(draft.files):
        if name.startswith(f"{PAGES}/"):
            page = name.removesuffix(".ipynb") if name.count("/") == 1 else name.rpartition("/")[0]
            if page not in expected:
                draft.undeclared.append(Finding("the file belongs to no page", name[:200]))
    draft.pages = tuple(filter(None, (_read_page(draft, page) for page in pages)))
    return draft


def _plain_files(folder: Path, layout: list[Finding]) -> Iterator[tuple[str, Path]]:
    if folder.is_symlink() or not folder.is_dir():
        layout.append(Finding("the draft is no plain folder", folder.name))
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            layout.append(Finding("it is a link, and may lead out of the draft", name[:200]))
        elif stat.S_ISREG(status.st_mode):
            if status.st_size > LARGEST_FILE:
                layout.append(Finding(f"it is larger than {LARGEST_FILE >> 20} MB", name[:200]))
            else:
                yield name, path
        elif not stat.S_ISDIR(status.st_mode):
            layout.append(Finding("it is neither file nor folder", name[:200]))


def _read_page(draft: Draft, page: SubjectPage) -> DraftPage | None:
    notebook = _read_notebook(draft, f"{PAGES}/{page.slug}.ipynb")
    index = f"{PAGES}/{page.slug}/{ARTEFACTS_FILE}"
    artefacts = _read_artefacts(draft, index, page.slug)
    folder = f"{PAGES}/{page.slug}/"
    declared = dict(_declared_files(draft, folder, artefacts))
    for name in draft.files:
        own = name.removeprefix(folder)
        if name.startswith(folder) and own not in declared and own not in _OWN_FILES:
            draft.undeclared.append(Finding("no artefact declares this file", name[:200]))
    if notebook is None:
        return None
    return DraftPage(page, notebook, artefacts, declared)


def _read_notebook(draft: Draft, name: str) -> Mapping[str, Any] | None:
    if name not in draft.files:
        draft.layout.append(Finding("the page was not executed", name))
        return None
    try:
        return parse_notebook(draft.content(name))
    except ValueError as error:
        draft.layout.append(Finding(f"it is no valid notebook ({error})", name))
        return None


def _read_artefacts(draft: Draft, name: str, slug: str) -> dict[str, Mapping[str, Any]]:
    if name not in draft.files:
        return {}  # a page of words alone declares nothing; any output then refuses it
    try:
        index = json.loads(draft.content(name))
        entries = list(index["artefacts"])
        artefacts: dict[str, Mapping[str, Any]] = {str(e["id"]): dict(e) for e in entries}
        page = index["page"]
    except (ValueError, TypeError, KeyError, RecursionError):
        draft.layout.append(Finding("it is no list of artefacts", name))
        return {}
    if page != slug:
        draft.layout.append(Finding(f"it lists the artefacts of '{str(page)[:50]}'", name))
    if len(artefacts) != len(entries):
        draft.layout.append(Finding("two artefacts share an id", name))
    return artefacts


def _declared_files(
    draft: Draft, folder: str, artefacts: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, bytes]]:
    for artefact_id, entry in artefacts.items():
        where = f"{folder}{ARTEFACTS_FILE}"
        files = entry.get("files")
        if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
            draft.layout.append(Finding(f"the artefact '{artefact_id[:50]}' lists no files", where))
            continue
        for file in files:
            name = str(file.get("path"))
            if not _SAFE_NAME.match(name) or not name.endswith(_ARTEFACT_SUFFIXES):
                message = f"'{name[:60]}' cannot be the file of an artefact"
                draft.layout.append(Finding(message, where))
            elif f"{folder}{name}" not in draft.files:
                draft.undeclared.append(Finding("it is declared and missing", f"{folder}{name}"))
            else:
                content = draft.content(f"{folder}{name}")
                if hashlib.sha256(content).hexdigest() != file.get("sha256"):
                    message = "its content is not what was declared"
                    draft.undeclared.append(Finding(message, f"{folder}{name}"))
                yield name, content
