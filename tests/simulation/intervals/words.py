"""The page's words for what the table of results holds by key."""

from __future__ import annotations

from typing import Final

from intervals.grid import Cell
from intervals.panels import PanelCell
from intervals.series import SeriesCell
from intervals.staggered import StaggeredCell

METHODS: Final = {
    "reml-satterthwaite": "REML AR(1), Satterthwaite",
    "reml-kenward-roger": "REML AR(1), Kenward–Roger",
    "reml-bootstrap": "REML AR(1), parametric bootstrap",
    "ols": "Ordinary least squares",
    "newey-west": "Newey–West",
    "quasi-poisson-ar1": "Quasi-Poisson AR(1)",
    "quasi-poisson": "Quasi-Poisson",
    "cr2": "CR2, Bell–McCaffrey",
    "clustered": "Clustered by unit",
    "wild-bootstrap": "Wild cluster bootstrap",
    "none": "None",
    "reassignment": "Reassignment, or Ferman–Pinto by size",
    "reassignment-alone": "Reassignment, whatever the sizes",
    "ferman-pinto": "Ferman–Pinto",
    "synthetic-did": "Synthetic DiD, placebos",
    "stacked": "Stacked groups, errors by arm",
    "callaway-santanna": "Callaway–Sant'Anna, errors by arm",
    "influence-functions": "Callaway–Sant'Anna, t on units − 1",
    "poisson-etwfe": "Poisson, saturated (ETWFE)",
}

MEASURES: Final = {
    "rate": "rate",
    "count": "rate",
    "sii": "slope index of inequality",
    "gap": "gap",
    "ratio": "ratio",
}

ROLES: Final = {
    "headline": "headline",
    "alternative": "alternative",
    "secondary": "secondary",
    "beside": "beside, promises nothing",
}


SHORT_FAMILY: Final = {
    "Series of a rate": "rate",
    "Series of counts": "counts",
    "Series of an inequality index": "index",
    "Units with one start": "one start",
    "Units that join at three dates": "three dates",
}


def estimand(cell: Cell, measure: str, name: str) -> str:
    """Return what is estimated, in words; the family of a series says what the series is of."""
    if isinstance(cell, SeriesCell):
        return name.capitalize()
    words = f"Effect on the {MEASURES[measure]}"
    detail = name.removeprefix("average effect").removeprefix(", ")
    return f"{words}: {detail}" if detail else words


def together(label: str) -> str:
    """Keep a number and what it is of in one line."""
    return label.replace("autocorrelation ", "autocorrelation\N{NO-BREAK SPACE}")


def one_line(words: str) -> str:
    """Keep words in one line: a wide table scrolls sideways instead of growing long."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def family(cell: Cell) -> str:
    """Return the heading that a cell stands under."""
    if isinstance(cell, StaggeredCell):
        return "Units that join at three dates"
    if isinstance(cell, PanelCell):
        return "Units with one start"
    return {
        "rate": "Series of a rate",
        "count": "Series of counts",
        "index": "Series of an inequality index",
        "rare index": "Series of an inequality index",
    }[cell.outcome]
