"""Cleaning executed notebooks before they are frozen.

What one run leaves in a notebook and another would not (times, counts, random ids, machine
paths in Papermill's metadata) goes, and so does what only an editor needs: the ``text/html`` of
an output repeats its ``text/markdown`` for JupyterLab, and would make Quarto load scripts from
another host. The result is the same bytes for the same content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equieval.disclosure.declaration import DECLARATION, bundle_digest
from equieval.releases.draft import DraftPage
from equieval.releases.notebooks import json_bytes, notebook_bytes, parse_notebook
from equieval.releases.outputs import PUBLISHED_MIME_TYPES, declared_outputs

_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
_PARAMETER_TAGS = frozenset({"parameters", "injected-parameters"})
_RUN_METADATA = frozenset({"papermill", "execution", "widgets", "ExecuteTime"})
_PUBLISHED_TAGS = _PARAMETER_TAGS | {"remove-cell", "hide-code"}


def frozen_notebook(page: DraftPage) -> bytes:
    """Return an executed page as it is published, as notebook bytes.

    Outputs that are no declared artefact must have been refused before: they are dropped.
    """
    cells = [_frozen_cell(cell, number) for number, cell in enumerate(page.notebook["cells"], 1)]
    return notebook_bytes(cells, {"kernelspec": _KERNEL, "language_info": _LANGUAGE})


def frozen_artefacts(page: DraftPage) -> bytes:
    """Return the page's list of artefacts, hashed as the frozen notebook shows them."""
    shown = {}
    for cell in page.notebook["cells"]:
        for output in declared_outputs(cell):
            name = output["metadata"][DECLARATION]["artefact"]
            shown[name] = bundle_digest(_published(output["data"]))
    artefacts = [
        {**entry, "sha256": shown.get(name, entry["sha256"])}
        for name, entry in page.artefacts.items()
    ]
    return json_bytes({"page": page.page.slug, "artefacts": artefacts})


def source_notebook(content: bytes) -> bytes:
    """Return a page's source notebook without what saving it in an editor may have left.

    A notebook that carries nothing of a run is returned byte for byte, so that its hash is the
    one that the run recorded.
    """
    notebook = parse_notebook(content)
    if not _was_run(notebook):
        return content
    for cell in notebook["cells"]:
        cell["metadata"] = _without_run(cell["metadata"])
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook_bytes(notebook["cells"], _without_run(notebook["metadata"]))


def _frozen_cell(cell: Mapping[str, Any], number: int) -> dict[str, Any]:
    tags = set(cell["metadata"].get("tags", ())) & _PUBLISHED_TAGS
    if tags & _PARAMETER_TAGS:
        tags.add("remove-cell")  # the methods page shows parameters as a readable table
    frozen = {
        "id": f"cell-{number:02d}",
        "cell_type": cell["cell_type"],
        "metadata": {"tags": sorted(tags)} if tags else {},
        "source": cell["source"],
    }
    if cell["cell_type"] == "code":
        frozen["execution_count"] = None
        frozen["outputs"] = [_frozen_output(output) for output in declared_outputs(cell)]
    return frozen


def _frozen_output(output: Mapping[str, Any]) -> dict[str, Any]:
    data = _published(output["data"])
    declaration = output["metadata"][DECLARATION]
    published = {
        "artefact": declaration["artefact"],
        "page": declaration["page"],
        "sha256": bundle_digest(data),
    }
    return {
        "output_type": "display_data",
        "data": data,
        "metadata": {DECLARATION: published},
    }


def _published(data: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: data[kind] for kind in PUBLISHED_MIME_TYPES if kind in data}


def _was_run(notebook: Mapping[str, Any]) -> bool:
    if _RUN_METADATA & notebook["metadata"].keys():
        return True
    return any(
        cell.get("outputs")
        or cell.get("execution_count") is not None
        or _RUN_METADATA & cell["metadata"].keys()
        for cell in notebook["cells"]
    )


def _without_run(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key not in _RUN_METADATA}
