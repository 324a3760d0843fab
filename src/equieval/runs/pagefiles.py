"""The files of one page: ``<slug>.ipynb`` and the folder ``<slug>/`` beside it.

Drafts and the cache hold pages in this form. A page's digest covers what a reader gets
from it: the executed notebook without its front matter, and every file of its folder.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from equieval.runs.fingerprint import digest_of
from equieval.runs.notebooks import notebook_bytes, read_notebook, without_front_matter


def page_notebook(folder: Path, slug: str) -> Path:
    """Where the executed notebook of a page is, in a folder of pages."""
    return folder / f"{slug}.ipynb"


def page_folder(folder: Path, slug: str) -> Path:
    """Where a page's artefacts and estimates are, in a folder of pages."""
    return folder / slug


def page_digest(folder: Path, slug: str) -> str:
    """Return the SHA-256 over a page's content.

    Raises
    ------
    InputError : the notebook is not there or cannot be read.
    OSError : a file of the page cannot be read.
    """
    bare = without_front_matter(read_notebook(page_notebook(folder, slug)))
    notebook = hashlib.sha256(notebook_bytes(bare))
    inside = page_folder(folder, slug)
    files = {
        path.relative_to(inside).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(inside.rglob("*"))
        if path.is_file()
    }
    return digest_of({"notebook": notebook.hexdigest(), "files": files})


def copy_page(source: Path, target: Path, slug: str) -> None:
    """Copy a page from one folder of pages to another that does not have it yet."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(page_notebook(source, slug), page_notebook(target, slug))
    inside = page_folder(source, slug)
    if inside.is_dir():
        shutil.copytree(inside, page_folder(target, slug), copy_function=shutil.copyfile)


def remove_page(folder: Path, slug: str) -> None:
    """Remove what there is of a page."""
    page_notebook(folder, slug).unlink(missing_ok=True)
    shutil.rmtree(page_folder(folder, slug), ignore_errors=True)
