"""The panel that a comparison of units will analyse, known before any outcome of it is.

Units, periods, exposure and covariates are those of the design; a unit's denominators and events
stay what they were on average before anybody is exposed. Adequacy counts units in it, and power
draws outcomes into it, so that both weigh and adjust as the report will.
"""

from __future__ import annotations

import pandas as pd

from equieval.study.panel import PanelDesign

_KEPT = ["weight", "numerator"]


def planned_panel(rows: pd.DataFrame, design: PanelDesign) -> pd.DataFrame:
    """Return the panel up to the horizon, without its outcome.

    Parameters
    ----------
    rows : of `equieval.study.panel.rate_panel` or `measure_panel`; only those before any effect
        may show are looked at.

    Returns
    -------
    DataFrame as that of these, with the covariates of the design; ``value`` is 0, ``weight`` (and
    ``numerator``, where ``rows`` have it) a period's mean before.
    """
    early = rows[rows["period"] < design.start - design.anticipation]
    early = early[~early["period"].isin(list(design.excluded))]
    means = early.groupby("unit")[[name for name in _KEPT if name in early]].mean()
    cells = pd.MultiIndex.from_product(
        [design.units, design.to_horizon().periods], names=["unit", "period"]
    ).to_frame(index=False)
    return design.marked(cells.join(means, on="unit").assign(value=0.0))
