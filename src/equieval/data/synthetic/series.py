"""Births-like counts whose truth is known, for tests, simulations and worked examples.

The expected rate of stratum j at period t is linear in its ridit r_j (most deprived
first), so that the slope index of inequality of the expected rates is exact:

    rate(t, j) = mean(t) + sii(t) * (1/2 - r_j)
    mean(t)    = baseline_rate + trend * t + level * post + slope * since + noise(t)
    sii(t)     = gradient + gap_trend * t + gap_level * post + gap_slope * since + noise'(t)

``post`` is 1 from the start of the intervention on; ``since`` counts the periods after
it. Both noises are stationary first-order autoregressions. Counts are drawn around the
expected rates: births Poisson, stillbirths binomial among them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equieval.data.periods import pandas_frequency, parse_period, period_label
from equieval.data.synthetic.noise import autoregression
from equieval.data.synthetic.record import ESTIMAND_COLUMNS, LABEL, Synthetic

PER = 1000


def its_births(
    seed: int,
    periods: int = 72,
    start: str = "2020-01",
    frequency: str = "month",
    baseline_rate: float = 4.0,
    gradient: float = 2.5,
    level: float = 0.0,
    slope: float = 0.0,
    gap_level: float = 0.0,
    gap_slope: float = 0.0,
    phi: float = 0.2,
    births_per_period: int = 50_000,
    *,
    intervention_after: int | None = None,
    trend: float = 0.0,
    gap_trend: float = 0.0,
    noise: float = 0.1,
    gap_noise: float = 0.1,
    strata: int = 10,
) -> Synthetic:
    """Draw an interrupted series of births and stillbirths by deprivation stratum.

    Parameters
    ----------
    seed : the same seed and arguments give the same table.
    periods : length of the series.
    start : label of the first period (``"2020-01"``).
    frequency : ``month``, ``quarter``, ``year`` or ``financial-year``.
    baseline_rate, gradient : rate and SII at the first period, per 1 000 births
        (positive SII = worse for the most deprived).
    level, slope : effect on the rate at the start of the intervention, and per period after.
    gap_level, gap_slope : the same on the SII.
    phi : autocorrelation of both noises, between -1 and 1.
    births_per_period : expected births, all strata together, shared equally.
    intervention_after : number of periods before the intervention (half the series).
    trend, gap_trend : change per period of rate and SII without the intervention.
    noise, gap_noise : marginal standard deviations of the noises, per 1 000 births.
    strata : number of ordered strata.

    Returns
    -------
    `Synthetic` with ``table``: ``period, imd_decile, live_births, stillbirths``, one row per
    period and stratum (``1`` = most deprived), and ``all``; ``truth``: the effects, per 1 000
    births, the ``start`` label and the arguments; ``expected``: per period ``rate,
    rate_counterfactual, sii, sii_counterfactual``, per 1 000 births, without the noise.

    Raises
    ------
    ValueError : the arguments describe no series, or rates outside 0–1 000.
    """
    before = periods // 2 if intervention_after is None else intervention_after
    if not 0 < before < periods:
        raise ValueError("the intervention must start inside the series")
    if not -1 < phi < 1:
        raise ValueError("phi must lie between -1 and 1")
    random = np.random.default_rng(seed)
    index = pd.period_range(
        parse_period(start, frequency), periods=periods, freq=pandas_frequency(frequency)
    )
    labels = [period_label(period, frequency) for period in index]
    time = np.arange(periods, dtype=float)
    post = (time >= before).astype(float)
    since = np.maximum(0.0, time - before)

    rate_counterfactual = baseline_rate + trend * time
    sii_counterfactual = gradient + gap_trend * time
    rate = rate_counterfactual + level * post + slope * since
    sii = sii_counterfactual + gap_level * post + gap_slope * since

    distance = 0.5 - (np.arange(strata) + 0.5) / strata
    mean_drawn = rate + autoregression(random, periods, phi, noise)
    sii_drawn = sii + autoregression(random, periods, phi, gap_noise)
    drawn = mean_drawn[:, None] + sii_drawn[:, None] * distance[None, :]
    if drawn.min() < 0 or drawn.max() > PER:
        raise ValueError("these arguments give rates outside 0 to 1,000 per 1,000 births")
    births = random.poisson(births_per_period / strata, size=(periods, strata))
    stillbirths = random.binomial(births, drawn / PER)

    by_stratum = pd.DataFrame(
        {
            "period": np.repeat(labels, strata),
            "imd_decile": np.tile([str(number) for number in range(1, strata + 1)], periods),
            "live_births": (births - stillbirths).ravel(),
            "stillbirths": stillbirths.ravel(),
        }
    )
    totals = (
        by_stratum.groupby("period", sort=False)[["live_births", "stillbirths"]].sum().reset_index()
    )
    totals.insert(1, "imd_decile", "all")
    table = pd.concat([totals, by_stratum], ignore_index=True)
    table = table.sort_values("period", kind="stable", ignore_index=True)
    truth = {
        "label": LABEL,
        "generator": "its_births",
        "seed": seed,
        "start": labels[before],
        "frequency": frequency,
        "baseline_rate": baseline_rate,
        "gradient": gradient,
        "level": level,
        "slope": slope,
        "gap_level": gap_level,
        "gap_slope": gap_slope,
        "trend": trend,
        "gap_trend": gap_trend,
        "phi": phi,
        "noise": noise,
        "gap_noise": gap_noise,
    }
    expected = pd.DataFrame(
        {
            "period": index,
            "rate": rate,
            "rate_counterfactual": rate_counterfactual,
            "sii": sii,
            "sii_counterfactual": sii_counterfactual,
        }
    )
    return Synthetic(table, truth, expected, _estimands(expected.iloc[before:], labels[before:]))


def _estimands(exposed: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return the true effect on rate and SII at each exposed period, and on average."""
    frames = []
    for measure, stratum in (("rate", "all"), ("sii", "")):
        observed = exposed[measure].to_numpy()
        without = exposed[f"{measure}_counterfactual"].to_numpy()
        frames.append(
            pd.DataFrame(
                {
                    "indicator": "stillbirth",
                    "estimand": ["at-period"] * len(labels) + ["simple"],
                    "measure": measure,
                    "stratum": stratum,
                    "cohort": "",
                    "event_time": pd.array([pd.NA] * (len(labels) + 1), dtype="Int64"),
                    "period": [*labels, ""],
                    "weighting": "denominator",
                    "observed": [*observed, observed.mean()],
                    "counterfactual": [*without, without.mean()],
                    "effect": [*(observed - without), (observed - without).mean()],
                },
                columns=list(ESTIMAND_COLUMNS),
            )
        )
    return pd.concat(frames, ignore_index=True)
