"""The allow-list: what an executed notebook may show.

Every output is either a declared artefact, whose entry in ``artefacts.json`` carries the hash
of exactly this output, or it refuses the release. Nothing is judged by how harmless it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from equieval.disclosure.declaration import DECLARATION, bundle_digest
from equieval.releases.record import Finding, first_line

PUBLISHED_MIME_TYPES = ("text/markdown", "text/plain")
"""What a frozen notebook keeps of a declared output."""

_DECLARED_MIME_TYPES = frozenset({*PUBLISHED_MIME_TYPES, "text/html"})
_WIDGET = "application/vnd.jupyter.widget-view+json"
_ACTIVE_MARKDOWN = re.compile(r"<script\b|<iframe\b|\bdata:[\w/+.-]+;base64", re.IGNORECASE)


def output_findings(
    file: str, notebook: Mapping[str, Any], slug: str, artefacts: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Yield everything that an executed notebook shows without having declared it.

    Parameters
    ----------
    file : the notebook's path, for messages.
    notebook : the notebook as nbformat 4.
    slug : the page that the notebook makes.
    artefacts : the page's declared artefacts by id.
    """
    if notebook.get("metadata", {}).get("widgets"):
        yield Finding("it stores the state of interactive widgets", file)
    for number, cell in enumerate(notebook["cells"], start=1):
        line = first_line(cell.get("source", ""))
        if cell.get("attachments"):
            yield Finding("a picture is attached to the cell", file, number, line)
        if cell["cell_type"] == "markdown" and _ACTIVE_MARKDOWN.search(cell["source"]):
            message = "the text embeds a script, a frame or a picture; text and links only"
            yield Finding(message, file, number, line)
        for output in cell.get("outputs", ()):
            message = _refusal(output, slug, artefacts)
            if message:
                yield Finding(message, file, number, line)
    shown = {
        output["metadata"][DECLARATION]["artefact"]
        for cell in notebook["cells"]
        for output in declared_outputs(cell)
    }
    for unseen in sorted(artefacts.keys() - shown):
        yield Finding(f"the artefact '{unseen}' is declared but no cell shows it", file)


def declared_outputs(cell: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the outputs of a cell that carry a complete declaration, true or not."""
    for output in cell.get("outputs", ()):
        declaration = output.get("metadata", {}).get(DECLARATION)
        named = isinstance(declaration, Mapping) and all(
            isinstance(declaration.get(key), str) for key in ("artefact", "page", "sha256")
        )
        if named and "data" in output:
            yield output


def unexecuted_cells(file: str, notebook: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the code cells that were not run."""
    for number, cell in enumerate(notebook["cells"], start=1):
        runs = cell["cell_type"] == "code" and bool(cell["source"].strip())
        if runs and cell.get("execution_count") is None:
            line = first_line(cell["source"])
            yield Finding("the cell was not executed", file, number, line)


def _refusal(
    output: Mapping[str, Any], slug: str, artefacts: Mapping[str, Mapping[str, Any]]
) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return f"it prints to {output.get('name', 'stdout')}; show a declared artefact instead"
    if kind == "error":
        return f"it ended with an error ({output.get('ename', 'unknown')})"
    data = output.get("data", {})
    if _WIDGET in data:
        return "it shows an interactive widget"
    declaration = output.get("metadata", {}).get(DECLARATION)
    if not isinstance(declaration, Mapping):
        return _undeclared(data)
    return _declaration_refusal(declaration, data, slug, artefacts)


def _undeclared(data: Mapping[str, Any]) -> str:
    what = "a bare data frame" if "dataframe" in str(data.get("text/html", "")) else "an output"
    types = ", ".join(sorted(data)) or "nothing"
    return f"it shows {what} that is no declared artefact ({types}); use page.show"


def _declaration_refusal(
    declaration: Mapping[str, Any],
    data: Mapping[str, Any],
    slug: str,
    artefacts: Mapping[str, Mapping[str, Any]],
) -> str:
    name = str(declaration.get("artefact"))[:100]
    if declaration.get("page") != slug:
        return f"the artefact '{name}' is declared for another page"
    if name not in artefacts:
        return f"the artefact '{name}' is not in the page's list of artefacts"
    foreign = sorted(data.keys() - _DECLARED_MIME_TYPES)
    if foreign:
        return f"the artefact '{name}' carries {foreign[0]}, which is not published"
    if "text/markdown" not in data:
        return f"the artefact '{name}' carries no text/markdown, so no page can show it"
    digest = bundle_digest(data)
    if digest != declaration.get("sha256") or digest != artefacts[name].get("sha256"):
        return f"what is shown as '{name}' is not what was declared under that name"
    return ""
