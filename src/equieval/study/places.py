"""Where in a parameters file a refusal of the design belongs.

The study knows an evaluation by its blocks, so it names keys. Whoever has the file can say the
line, too.
"""

from __future__ import annotations

from pathlib import Path

from equieval.errors import DesignError
from equieval.protocol import load_evaluation
from equieval.protocol.loading import parse, read


def placed(refusal: DesignError, path: Path) -> DesignError:
    """Return a refusal with the file and line of the key that it names, if it names one.

    Parameters
    ----------
    path : a valid parameters file.
    """
    parsed = parse(read(path))
    keys = tuple(refusal.where.split("."))
    if keys[0] not in parsed.values:
        return refusal
    place = f"{load_evaluation(path).where}:{parsed.line(keys)}, {refusal.where}"
    return DesignError(refusal.what, where=place, remedy=refusal.remedy)
