"""Notebooks and JSON as deterministic bytes.

nbformat loads slowly, so it is imported where a notebook is at hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def parse_notebook(content: bytes) -> dict[str, Any]:
    """Read a notebook as nbformat 4, with multi-line strings joined.

    Raises
    ------
    ValueError : the bytes are no valid notebook.
    """
    import nbformat

    try:
        notebook = nbformat.reads(content.decode("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    # nbformat and its validators raise many unrelated types for malformed notebooks.
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(first[:120]) from error
    return dict(notebook)


def notebook_bytes(cells: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any]) -> bytes:
    """Return a notebook's bytes: keys sorted, one line per line of source."""
    import nbformat

    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {"cells": list(cells), "metadata": dict(metadata), "nbformat": 4, "nbformat_minor": 5}
    )
    text: str = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    return (text.rstrip("\n") + "\n").encode()


def json_bytes(data: object) -> bytes:
    """Return data as readable, deterministic JSON bytes.

    Raises
    ------
    ValueError : a number is infinite or not a number, which JSON cannot hold.
    """
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
