"""Executed notebooks as Markdown, cell by cell, the way Quarto reads them.

The embedded renderer's counterpart of Quarto's notebook filter, for what our pages use: front
matter in the first raw cell, Markdown cells, code for the filter to fold, the tags that hide code
or whole cells, and of each output the Markdown it displays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from equieval.errors import EvaluationFailed, InputError

REMOVE_CELL = "remove-cell"
HIDE_CODE = "hide-code"
_OPTION = re.compile(r"^#\|\s*([\w-]+):\s*(\S+)\s*$")
_FENCE = ":" * 12


def notebook_markdown(path: Path) -> str:
    """Return an executed notebook as one Markdown text with its front matter.

    Parameters
    ----------
    path : the notebook; it is read, never run.

    Raises
    ------
    InputError : the file is no notebook, or its first cell is no front matter.
    EvaluationFailed : a cell's stored output is an error; a report never shows one.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
    except (ValueError, KeyError) as error:
        raise InputError("this file is no notebook", where=f"{path}: {error}") from None
    if not cells or cells[0]["cell_type"] != "raw":
        raise InputError(
            "the notebook has no front matter",
            where=f"{path}, cell 1",
            remedy="begin it with a raw cell that holds at least a title between two lines ---",
        )
    parts = [_source(cells[0]).strip()]
    for number, cell in enumerate(cells[1:], start=2):
        parts.extend(_cell(cell, f"{path.name}, cell {number}"))
    return "\n\n".join(parts) + "\n"


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _cell(cell: Mapping[str, Any], where: str) -> Iterator[str]:
    tags = set(cell.get("metadata", {}).get("tags", ()))
    if REMOVE_CELL in tags:
        return
    if cell["cell_type"] == "markdown":
        yield _source(cell)
    elif cell["cell_type"] == "code":
        options, code = _options(_source(cell))
        if options.get("include") == "false":
            return
        yield f"{_FENCE} {{#{cell['id']} .cell}}" if cell.get("id") else f"{_FENCE} {{.cell}}"
        if code.strip() and HIDE_CODE not in tags and options.get("echo") != "false":
            yield _fenced(code)
        if options.get("output") != "false":
            for output in cell.get("outputs", ()):
                yield from _output(output, where)
        yield _FENCE


def _options(source: str) -> tuple[dict[str, str], str]:
    """Split the leading ``#| key: value`` lines of a cell from its code."""
    options: dict[str, str] = {}
    lines = source.splitlines()
    while lines and (match := _OPTION.match(lines[0])):
        options[match[1]] = match[2]
        lines.pop(0)
    return options, "\n".join(lines)


def _fenced(code: str) -> str:
    """Return code that the filter folds; its fence is longer than any in the code."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", code)), 3)
    return f"{fence} {{.python .cell-code}}\n{code}\n{fence}"


def _output(output: Mapping[str, Any], where: str) -> Iterator[str]:
    kind = output["output_type"]
    if kind == "error":
        raise EvaluationFailed(
            f"the page's stored output is an error: {output.get('ename')}: {output.get('evalue')}",
            where=where,
            remedy="run the page again; a page that failed is not published",
        )
    if kind == "stream":
        yield _displayed(_preformatted(_text(output.get("text", ""))), f"stream-{output['name']}")
        return
    data = output.get("data", {})
    if "text/markdown" in data:
        yield _displayed(_text(data["text/markdown"]), "markdown")
    elif "text/html" in data:
        yield _displayed(_raw(_text(data["text/html"])), "html")
    elif "image/png" in data:
        alt = escape(_text(data.get("text/plain", "")))
        png = "".join(_text(data["image/png"]).split())
        yield _displayed(_raw(f'<img src="data:image/png;base64,{png}" alt="{alt}">'), "image")
    elif "text/plain" in data:
        yield _displayed(_preformatted(_text(data["text/plain"])), "text")


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _displayed(markdown: str, kind: str) -> str:
    fence = _FENCE[:-3]
    classes = f".cell-output .cell-output-display .cell-output-{kind}"
    return f"{fence} {{{classes}}}\n\n{markdown}\n\n{fence}"


def _raw(html: str) -> str:
    return f"`````{{=html}}\n{html}\n`````"


def _preformatted(text: str) -> str:
    return _raw(f"<pre><code>{escape(text)}</code></pre>")
