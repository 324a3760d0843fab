"""Where the project is: the folder that every relative path starts from."""

from __future__ import annotations

from pathlib import Path

from equieval.errors import InputError

MARKER = "_quarto.yml"


def project_root(start: Path | None = None) -> Path:
    """Return the nearest folder at or above ``start`` that holds ``_quarto.yml``.

    Paths in a parameters file resolve from there, so a notebook gives the same result
    whatever folder it was started in.

    Parameters
    ----------
    start : a folder or file inside the project; the current folder when left out.

    Raises
    ------
    InputError : no folder on the way up holds ``_quarto.yml``.
    """
    origin = (start if start is not None else Path.cwd()).resolve()
    for folder in (origin, *origin.parents):
        if (folder / MARKER).is_file():
            return folder
    raise InputError(
        f"this is not an equieval project: no {MARKER} here or in any folder above",
        where=str(origin),
        remedy="change to the project's folder (the one that holds _quarto.yml and params/)",
    )
