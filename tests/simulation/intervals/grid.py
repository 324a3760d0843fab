"""The declared grid: what is simulated, and which interval has promised what.

Fixed before the confirmatory run and not tuned to it: at most forty cells, each row of a cell
either the *headline* (the product lets this interval stand, so it must hold), an *alternative* to
a headline or a *secondary* result, judged in the same way but apart, or *beside* it (shown for
contrast, promising nothing).
"""

from __future__ import annotations

from typing import Final, Literal

from intervals import staggered
from intervals.panels import ESTIMAND, PanelCell
from intervals.series import SeriesCell
from intervals.staggered import StaggeredCell

Cell = SeriesCell | PanelCell | StaggeredCell
Role = Literal["headline", "alternative", "secondary", "beside"]

#: Nominal coverage, the band within which a promise is kept, and the Monte-Carlo error allowed.
NOMINAL: Final = 0.95
BAND: Final = (0.93, 0.97)
ERROR: Final = 0.01
REPLICATIONS: Final = 2_000
LARGEST_GRID: Final = 40


def _series(n: int, phi: float, **options: object) -> SeriesCell:
    return SeriesCell(
        id=f"its-{n}-phi{round(10 * phi)}",
        label=f"{n} months, autocorrelation {phi:g}",
        outcome="rate",
        periods=n,
        before=n // 2,
        phi=phi,
        contrasts=True,
        **options,  # type: ignore[arg-type]
    )


def _unbalanced(n: int, before: int) -> SeriesCell:
    return SeriesCell(
        id=f"its-{n}-before{before}",
        label=f"{before} months before, {n - before} after, autocorrelation 0.4",
        outcome="rate",
        periods=n,
        before=before,
        phi=0.4,
    )


def _panel(units: int, treated: int, periods: int, phi: float) -> PanelCell:
    return PanelCell(
        id=f"did-{units}-{treated}-{periods}-phi{round(10 * phi)}",
        label=f"{treated} of {units} treated, {periods} months, autocorrelation {phi:g}",
        units=units,
        treated=treated,
        periods=periods,
        phi=phi,
    )


def _rare(units: int, treated: int, births: int) -> PanelCell:
    return PanelCell(
        id=f"did-{units}-{treated}-rare",
        label=f"{treated} of {units} treated, 24 months, rare outcome, {births:,} births",
        units=units,
        treated=treated,
        periods=24,
        phi=0.4,
        outcome="rare",
        births=births,
    )


_SERIES: Final = (
    _series(12, 0.0),
    _series(12, 0.4),
    _series(24, 0.0),
    _series(24, 0.2),
    _series(24, 0.4, bootstrap=10),
    _series(24, 0.6),
    _series(48, 0.0),
    _series(48, 0.4),
    _series(48, 0.6),
    _series(72, 0.0),
    _series(72, 0.4),
    _series(72, 0.6),
    _unbalanced(24, 18),
    _unbalanced(48, 36),
    _unbalanced(72, 60),
    SeriesCell(
        "its-48-season",
        "48 months, season by a Fourier pair, autocorrelation 0.4",
        "rate",
        48,
        24,
        0.4,
        season="fourier",
    ),
    SeriesCell(
        "its-72-season",
        "72 months, season by month, autocorrelation 0.4",
        "rate",
        72,
        36,
        0.4,
        season="indicators",
    ),
)

_COUNTS: Final = (
    SeriesCell("count-24-phi4", "24 months, 200 events each, autocorrelation 0.4", "count",
               24, 12, 0.4),
    SeriesCell("count-48-phi0", "48 months, 200 events each, no autocorrelation", "count",
               48, 24, 0.0),
    SeriesCell("count-48-phi4", "48 months, 200 events each, autocorrelation 0.4", "count",
               48, 24, 0.4),
    SeriesCell("count-72-phi6", "72 months, 200 events each, autocorrelation 0.6", "count",
               72, 36, 0.6),
    SeriesCell("count-48-few", "48 months, 16 events each, autocorrelation 0.4", "count",
               48, 24, 0.4, births=4_000),
)  # fmt: skip

_INDEX: Final = (
    SeriesCell("sii-24", "24 months, autocorrelation 0.4", "index", 24, 12, 0.4),
    SeriesCell("sii-72", "72 months, autocorrelation 0.4", "index", 72, 36, 0.4),
    SeriesCell("sii-48-rare", "48 months, rare outcome, autocorrelation 0.4", "rare index",
               48, 24, 0.4),
)  # fmt: skip

_PANELS: Final = (
    _panel(42, 12, 36, 0.4),
    _panel(42, 12, 24, 0.0),
    _rare(42, 12, 4_000),
    _panel(24, 12, 36, 0.4),
    _panel(42, 3, 24, 0.4),
    _panel(24, 3, 24, 0.4),
    _panel(12, 3, 24, 0.4),
    _panel(42, 1, 24, 0.4),
    _rare(42, 1, 900),
    _panel(24, 1, 24, 0.4),
    _panel(12, 1, 24, 0.4),
)

_STAGGERED: Final = (
    StaggeredCell("staggered-42", "12 of 42 join, 36 months", 42, 36, 0.4),
    StaggeredCell("staggered-24", "12 of 24 join, 36 months", 24, 36, 0.4),
    StaggeredCell("staggered-18", "6 of 18 join, in pairs, 36 months", 18, 36, 0.4, together=2),
    StaggeredCell(
        "staggered-42-rare",
        "12 of 42 join, 36 months, rare outcome",
        42,
        36,
        0.4,
        outcome="rare",
    ),
)

GRID: Final[tuple[Cell, ...]] = (*_SERIES, *_COUNTS, *_INDEX, *_PANELS, *_STAGGERED)

#: What an interrupted series' headline is, and what stands beside it.
_SERIES_ROLES: Final[dict[str, Role]] = {
    "reml-satterthwaite": "headline",
    "reml-kenward-roger": "alternative",
    "quasi-poisson-ar1": "headline",
}

#: Published beside the headline as a result of its own, whatever the number of units.
_SECONDARY: Final = (
    ("stacked", "ratio", ESTIMAND),
    *((staggered.METHOD, measure, staggered.OVER_TIMES) for measure in ("rate", "gap")),
    *((staggered.METHOD, "rate", shown) for shown in staggered.SHOWN),
)


def role(cell: Cell, measure: str, estimand: str, method: str) -> Role:
    """Return what an interval is in ``cell``: a headline, or judged apart, or only beside."""
    if isinstance(cell, SeriesCell):
        return _SERIES_ROLES.get(method, "beside")
    if (method, measure, estimand) in _SECONDARY:
        return "secondary"
    if isinstance(cell, StaggeredCell):
        return "beside" if method == staggered.PUBLISHED else "headline"
    return "headline" if method == cell.rule.interval else "beside"


def cell_by_id(name: str) -> Cell:
    """Return the cell of that name."""
    return next(cell for cell in GRID if cell.id == name)
