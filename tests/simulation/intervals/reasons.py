"""Why a headline interval fails, and what the product does about it."""

from __future__ import annotations

from typing import Final

import pandas as pd

from intervals.grid import cell_by_id
from intervals.results import FAILED
from intervals.words import estimand

#: Share of estimates withheld as "cannot say" from which the withholding itself is the reason.
_MUCH: Final = 0.05

UNKNOWN: Final = "unknown"

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "selected": (
        "Short series: what is published is not a fair sample",
        "A report says “cannot say” where an estimate has under four degrees of freedom. How many "
        "it has depends on the autocorrelation that the series happens to show: an estimate is let "
        "through when that looks low, and then its standard error is too small. So the published "
        "intervals hold the truth less often than all of them would. **What the product does:** "
        "below eight degrees of freedom, or twelve points on either side, the estimate carries "
        "“with caution”. The thresholds stay as they were fixed. From two years of months on, the "
        "level change is hardly ever withheld: ask for that in a short series, and take slopes and "
        "effects at the end as more than these data can say.",
    ),
    "autocorrelation": (
        "Strong autocorrelation: the cost of estimating it is left out",
        "Nothing, or little, is withheld here. The interval is too narrow because the standard "
        "error takes the estimated autocorrelation for the true one, which in a short series is "
        "estimated too low. **What the product does:** reports use Satterthwaite's degrees of "
        "freedom with the usual standard error. The package also has Kenward and Roger's standard "
        "error, which adds that cost ([below](#second-way)), and a parametric bootstrap.",
    ),
    "clustered": (
        "A dozen treated units of unequal size: clustered errors are a little too small",
        "The errors are corrected for the number of clusters alone. Units of unequal size, "
        "weighted by births, count as fewer than there are, and a dozen treated ones count as "
        "fewer still. "
        "**What the product does:** CR2 errors with Bell and McCaffrey's degrees of freedom, which "
        "make up for both, stand beside the headline in every report.",
    ),
    "staggered": (
        "Few join: what is learnt from them is not enough",
        "How the units that join vary is learnt from those few. **What the product does:** the "
        "number of treated units is held against a threshold in every report, and other estimators "
        "stand beside the headline.",
    ),
    UNKNOWN: (
        "Not yet explained",
        "No reason is known yet. Do not rely on these intervals until there is one.",
    ),
}


def paragraphs(judged: pd.DataFrame) -> str:
    """Return a section for each reason with the rows that fail for it.

    A row that no reason explains is listed as not yet explained.
    """
    rows = judged[(judged["role"] == "headline") & judged["verdict"].isin(FAILED)]
    if rows.empty:
        return "No headline interval fails."
    records = rows.to_dict("records")
    rows = rows.assign(
        reason=[_reason(row) for row in records],
        what=[
            estimand(cell_by_id(row["cell"]), row["measure"], row["estimand"]).lower()
            for row in records
        ],
    )
    sections = []
    for reason, group in rows.groupby("reason", sort=False):
        title, words = TEXTS[str(reason)]
        low, high = (f"{100 * group['coverage'].agg(end):.1f}" for end in ("min", "max"))
        span = f"{low}%" if low == high else f"{low} to {high}%"
        cells = ", ".join(
            f"{label} ({'; '.join(own['what'].unique())})"
            for label, own in group.groupby("label", sort=False)
        )
        found = f"*Coverage {span}* in: {cells}."
        if reason == "selected":
            shown = group["coverage_if_shown"]
            found += (
                f" Had all been shown, {100 * shown.min():.1f} to {100 * shown.max():.1f}% would "
                "have held the truth."
            )
        sections.append(f"### {title}\n\n{words}\n\n{found}")
    return "\n\n".join(sections)


def _reason(row: dict[str, object]) -> str:
    method, verdict = str(row["method"]), str(row["verdict"])
    if method.startswith(("reml", "quasi-poisson")) and verdict == "too narrow":
        withheld = float(str(row["cannot_say"])) / float(str(row["replications"]))
        return "selected" if withheld > _MUCH else "autocorrelation"
    if verdict == "too narrow" and method in ("callaway-santanna", "poisson-etwfe"):
        return "staggered"
    if verdict == "too narrow" and method == "clustered":
        return "clustered"
    return UNKNOWN
