"""Why a headline interval fails, and what the product does about it."""

from __future__ import annotations

from typing import Final

import pandas as pd

from intervals.grid import BAND, NOMINAL
from intervals.results import FAILED

#: Share of estimates withheld as "cannot say" from which the withholding itself is the reason.
_MUCH: Final = 0.05

_REASONS: Final[dict[str, tuple[str, str]]] = {
    "selected": (
        "Short series: what is published is not a fair sample",
        "A report says “cannot say” where an estimate has under four degrees of freedom. How many "
        "it has depends on the autocorrelation that the series happens to show: an estimate is let "
        "through when that looks low, and then its standard error is too small. So the published "
        "intervals hold the truth less often than all of them would. **What the product does:** "
        "up to eight degrees of freedom, and up to twelve points on either side, the estimate "
        "carries “with caution”. The thresholds stay as they were fixed. In a short series choose "
        "the level change, which is hardly ever withheld, and read slopes and effects at the end "
        "as what they are: beyond these data.",
    ),
    "autocorrelation": (
        "Strong autocorrelation: the cost of estimating it is left out",
        "Nothing, or little, is withheld here. The interval is too narrow because the standard "
        "error takes the estimated autocorrelation for the true one, which in a short series is "
        "estimated too low. **What the product does:** it offers Kenward and Roger's standard "
        "error, which adds that cost, and the parametric bootstrap; both are compared "
        "[below](#second-way).",
    ),
}


def paragraphs(judged: pd.DataFrame) -> str:
    """Return a section for each reason with the rows that fail for it.

    Raises ``KeyError`` for a failing row that no reason explains: a failure is never published
    without one.
    """
    rows = judged[(judged["role"] == "headline") & judged["verdict"].isin(FAILED)]
    rows = rows.assign(reason=[_reason(row) for row in rows.to_dict("records")])
    if rows.empty:
        return "No headline interval fails."
    sections = []
    for reason, group in rows.groupby("reason", sort=False):
        title, words = _REASONS[str(reason)]
        low, high = (f"{100 * group['coverage'].agg(end):.1f}" for end in ("min", "max"))
        span = f"{low} %" if low == high else f"{low} to {high} %"
        cells = ", ".join(
            f"{label} ({'; '.join(own['estimand'].unique())})"
            for label, own in group.groupby("label", sort=False)
        )
        found = f"*Coverage {span}* in: {cells}."
        if reason == "selected":
            shown = group["coverage_if_shown"]
            found += (
                f" Had all been shown, {100 * shown.min():.1f} to {100 * shown.max():.1f} % would "
                "have held the truth."
            )
        sections.append(f"### {title}\n\n{words}\n\n{found}")
    return "\n\n".join(sections)


def _reason(row: dict[str, object]) -> str:
    method, verdict = str(row["method"]), str(row["verdict"])
    if method.startswith(("reml", "quasi-poisson")) and verdict == "too narrow":
        withheld = float(str(row["cannot_say"])) / float(str(row["replications"]))
        return "selected" if withheld > _MUCH else "autocorrelation"
    if f"{method}, {verdict}" in _REASONS:
        return f"{method}, {verdict}"
    raise KeyError(
        f"{method}, {verdict}: coverage {row['coverage']:.3f} of {row['label']} "
        f"({row['measure']}: {row['estimand']}) is outside {BAND[0]:g}–{BAND[1]:g} around "
        f"{NOMINAL:g}, and no reason is written for it in reasons.py"
    )
