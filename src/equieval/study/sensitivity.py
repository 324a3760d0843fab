"""How different may the trends have been before the finding falls? And would we have seen it?

HonestDiD (Rambachan & Roth 2023) on the event study of the primary measure, in blocks, for the
mean effect up to the horizon; and Roth's (2022) power of the test before the start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.adoption import ControlGroup
from equieval.methods.event_blocks import effects_of
from equieval.methods.gap_event_study import pretrend_test
from equieval.methods.honest import breakdown_value, relative_magnitudes
from equieval.methods.honest_smoothness import smoothness, smoothness_breakdown_value
from equieval.methods.pretrends import pretrend_power, undetected_slope
from equieval.protocol.design import HonestBounds
from equieval.study.analysis import CI_LEVEL
from equieval.study.event_studies import BlockedStudy, blocked_study
from equieval.study.panel import PanelDesign

RELATIVE_BOUNDS = (0.0, 0.5, 1.0, 1.5, 2.0)
SMOOTHNESS_STEPS = 5
TOO_FEW = "there are too few treated or comparison units to learn the errors from"


def sensitivity_frames(
    panel: pd.DataFrame,
    design: PanelDesign,
    frequency: str,
    *,
    control_group: ControlGroup = "never-treated",
    bounds: HonestBounds | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the frames of the sensitivity analysis.

    Parameters
    ----------
    panel, design : made under `equieval.study.event_studies.for_event_study`.
    bounds : those that the protocol names; by default the usual ones, and five steps up to
        twice the bend at which the finding falls.

    Returns
    -------
    ``relative-magnitudes`` and ``smoothness`` (bound, estimate, ci_low, ci_high, original; the
    estimate is that under parallel trends), ``breakdown`` (one row: relative, smoothness, block,
    reason), ``drift`` (event_time in blocks, since (the same in periods), estimate, ci_low,
    ci_high, drift, after_passing, slope, power). Frames are empty, and the
    reason is in ``breakdown``, where the design carries no such analysis.
    """
    try:
        found = blocked_study(panel, design, frequency, control_group=control_group)
        if not found.reliable:
            raise DesignError(TOO_FEW, where="sensitivity", remedy="bring in more units")
        return _analysed(found, bounds)
    except DesignError as refusal:
        nothing_drawn = pd.DataFrame(columns=["bound", "estimate", "ci_low", "ci_high", "original"])
        nothing = {"relative": math.nan, "smoothness": math.nan, "block": ""}
        return {
            "relative-magnitudes": nothing_drawn,
            "smoothness": nothing_drawn,
            "breakdown": pd.DataFrame([{**nothing, "reason": refusal.what}]),
            "drift": pd.DataFrame(columns=["event_time", "estimate", "drift", "after_passing"]),
        }


def _analysed(found: BlockedStudy, bounds: HonestBounds | None) -> dict[str, pd.DataFrame]:
    study, weights = found.shown, found.weights
    critical = pretrend_test(study, ci_level=CI_LEVEL).critical
    named = bounds.relative_magnitudes if bounds is not None else ()
    relative = relative_magnitudes(
        study, _from_zero(named) or RELATIVE_BOUNDS, weights=weights, ci_level=CI_LEVEL
    )
    falls = smoothness_breakdown_value(study, weights=weights, ci_level=CI_LEVEL)
    slope = undetected_slope(study, power=0.5, ci_level=CI_LEVEL, critical=critical)
    widest = 2 * falls if 0 < falls < math.inf else slope
    steps = [widest * step / SMOOTHNESS_STEPS for step in range(SMOOTHNESS_STEPS + 1)]
    steps = _from_zero(bounds.smoothness) or steps if bounds is not None else steps
    smooth = smoothness(study, steps, weights=weights, ci_level=CI_LEVEL)
    power = pretrend_power(study, slope, ci_level=CI_LEVEL, critical=critical)
    drift = effects_of(study, ci_level=CI_LEVEL).merge(power.drift, on="event_time", how="left")
    mean = float(study.estimates[study.n_before :] @ weights)
    return {
        "relative-magnitudes": relative.rename(columns={"mbar": "bound"}).assign(
            original=lambda frame: frame["bound"] == 0, estimate=mean
        ),
        "smoothness": smooth.rename(columns={"m": "bound"}).assign(
            original=lambda frame: frame["bound"] == 0, estimate=mean
        ),
        "breakdown": pd.DataFrame(
            [
                {
                    "relative": breakdown_value(study, weights=weights, ci_level=CI_LEVEL),
                    "smoothness": falls,
                    "block": found.block,
                    "reason": "",
                }
            ]
        ),
        "drift": drift.assign(
            since=drift["event_time"] * found.width,
            slope=slope,
            power=power.power,
            block=found.block,
        ),
    }


def _from_zero(bounds: Sequence[float]) -> list[float]:
    """Return the bounds with that of parallel trends before them; none where none is named."""
    return [0.0, *(bound for bound in bounds if bound > 0)] if bounds else []
