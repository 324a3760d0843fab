"""How a version is cited: ``CITATION.cff``, which archives and reference managers read.

Follows the Citation File Format 1.2.0 (Druskat et al. 2021, https://doi.org/10.5281/zenodo.5171937).
"""

from __future__ import annotations

from typing import Any

import yaml

from equieval.releases.subject import Subject

_MESSAGE = "Cite this version of the evaluation as follows."
_UNNAMED = "anonymous"  # the format asks for an author


def citation(subject: Subject, version: int, date: str) -> bytes:
    """Return the content of a version's ``CITATION.cff``.

    Parameters
    ----------
    subject : the evaluation; its authors are written as it names them.
    version : the number of the version.
    date : day of release, ``YYYY-MM-DD``.
    """
    found: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": _MESSAGE,
        "type": "dataset",
        "title": subject.title,
        "version": f"v{version}",
        "date-released": date,
        "authors": [{"name": name} for name in subject.authors or (_UNNAMED,)],
    }
    if subject.doi:
        found["doi"] = subject.doi
    if subject.series_doi:
        about = {"type": "doi", "value": subject.series_doi, "description": "All versions"}
        found["identifiers"] = [about]
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True).encode()
