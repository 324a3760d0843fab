"""What is done to a page's notebook around its execution.

A notebook as committed has no outputs. Executed, it is freed of what differs from run to
run (times, paths, the random id of the injected cell), and gets the front matter that
Quarto reads from a first raw cell.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from equieval.errors import InputError

if TYPE_CHECKING:
    from nbformat import NotebookNode

INJECTED_TAG = "injected-parameters"
PARAMETERS_TAG = "parameters"
HIDDEN_TAG = "remove-cell"
INJECTED_ID = "injected-parameters"
FRONT_MATTER_ID = "front-matter"

# Written by editors and runners; says nothing about what the notebook does.
_VOLATILE = frozenset({"papermill", "execution", "collapsed", "scrolled", "trusted"})


def read_notebook(path: Path, *, where: str = "") -> NotebookNode:
    """Read a notebook.

    Raises
    ------
    InputError : it is not there, or it is not a notebook.
    """
    import nbformat

    where = where or path.name
    try:
        text = path.read_text(encoding="utf-8")
        shape = json.loads(text)
        if not isinstance(shape, dict) or shape.get("nbformat") != 4:
            raise ValueError("it is not a notebook of format 4")
        notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise InputError(
            "a page's notebook is not there",
            where=where,
            remedy="restore it; the page graph in equieval.study.pages names it",
        ) from None
    except (ValueError, nbformat.ValidationError) as error:
        raise InputError(
            f"a page's notebook cannot be read: {str(error).splitlines()[0]}",
            where=where,
            remedy="open it in JupyterLab and save it, or restore it",
        ) from None
    return notebook


def source_digest(notebook: NotebookNode) -> str:
    """Return the SHA-256 of what a notebook does: cells without outputs and counters."""
    cells = [
        {
            "id": cell.get("id"),
            "type": cell.cell_type,
            "source": cell.source,
            "metadata": _lasting(cell.metadata),
        }
        for cell in notebook.cells
        if not has_tag(cell, INJECTED_TAG)
    ]
    return _digest(cells)


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


def settled(notebook: NotebookNode) -> NotebookNode:
    """Return an executed notebook without what differs from run to run.

    Times, durations, paths and the runner's metadata go; the injected cell gets a fixed
    id; the cells with parameters are hidden from the rendered page.
    """
    result = copy.deepcopy(notebook)
    kept = {"kernelspec", "language_info"}
    result.metadata = {k: v for k, v in result.metadata.items() if k in kept}
    for cell in result.cells:
        tags = list(cell.metadata.get("tags", []))
        if INJECTED_TAG in tags:
            cell["id"] = INJECTED_ID
        if {INJECTED_TAG, PARAMETERS_TAG} & set(tags) and HIDDEN_TAG not in tags:
            tags.append(HIDDEN_TAG)
        cell.metadata = _lasting(cell.metadata)
        if tags:
            cell.metadata["tags"] = tags
        else:
            cell.metadata.pop("tags", None)
    return _as_node(result)


def with_front_matter(notebook: NotebookNode, matter: Mapping[str, Any]) -> NotebookNode:
    """Return the notebook with ``matter`` as its first raw cell, in the place of any other."""
    import nbformat

    result = copy.deepcopy(notebook)
    text = yaml.safe_dump(dict(matter), sort_keys=False, allow_unicode=True, width=1000)
    new_raw_cell = nbformat.v4.new_raw_cell
    cell = new_raw_cell(f"---\n{text}---", id=FRONT_MATTER_ID)  # type: ignore[no-untyped-call]
    result.cells = [cell, *without_front_matter(result).cells]
    return result


def without_front_matter(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook without a first raw cell of front matter."""
    result = copy.copy(notebook)
    cells = list(notebook.cells)
    if cells and cells[0].cell_type == "raw" and cells[0].source.lstrip().startswith("---"):
        cells = cells[1:]
    result.cells = cells
    return result


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """Return the bytes under which a notebook is saved: the same for the same content."""
    import nbformat

    text: str = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    return (text.rstrip("\n") + "\n").encode()


def _lasting(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in metadata.items() if k not in _VOLATILE and not (k == "tags" and not v)}


def _as_node(notebook: NotebookNode) -> NotebookNode:
    import nbformat

    node: NotebookNode = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    return node


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
