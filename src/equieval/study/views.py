"""Frames as figures and tables take them: rows of the estimates, picked and labelled."""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations
from equieval.methods.inequality import measures
from equieval.present import numbers
from equieval.present.periods import period_label, periods_named
from equieval.present.wording import capitalise
from equieval.protocol import Evaluation, indicator
from equieval.study.adequacy import LEAST_DF
from equieval.study.analysis import RELATIVE
from equieval.study.baseline import measure_id
from equieval.study.headline import (
    AT_HORIZON,
    HEADLINES,
    UP_TO_HORIZON,
    at_headline,
    headline_rows,
)
from equieval.study.its_rows import AVERAGE, BOOTSTRAP, COUNTS_ALIKE, IN_PERIOD, LEVEL, SLOPE
from equieval.study.series import label
from equieval.study.summary import group_labels
from equieval.study.words import measure_name, measure_unit

ESTIMATORS = {
    HEADLINES["its"].estimator: "REML with AR(1) errors (headline)",
    HEADLINES["controlled-its"].estimator: "REML with AR(1) errors (headline)",
    HEADLINES["did"].estimator: "Two-way fixed effects (headline)",
    HEADLINES["staggered-did"].estimator: "Callaway–Sant'Anna (headline)",
    HEADLINES["synthetic-did"].estimator: "Synthetic difference-in-differences (headline)",
    "OLS": "Ordinary least squares",
    "Newey–West": "Least squares, Newey–West errors",
    BOOTSTRAP: "REML with AR(1) errors, bootstrapped",
    "quasi-Poisson": "Quasi-Poisson with offset",
    COUNTS_ALIKE: "Quasi-Poisson with offset, AR(1) errors",
}
MOST_LEFT_OUT = 16
"""So many rows that leave one out are drawn one by one."""
_ESTIMATE_COLUMNS = ("estimate", "ci_low", "ci_high", "df")
_ESTIMANDS = {
    AT_HORIZON: "Effect at the horizon",
    UP_TO_HORIZON: "Average effect up to the horizon",
    AVERAGE: "Average effect since the start",
    LEVEL: "Change of level at the start",
    SLOPE: "Change of slope, per period",
}
"""Estimands in the order of tables."""


def estimators(
    estimates: pd.DataFrame, outcome: str, measure: str, *, scale: str = "absolute"
) -> pd.DataFrame:
    """Return the headline estimand by every estimator, the headline's first.

    Columns ``label, primary`` and those of the Estimates table.
    """
    rows = _of(estimates, outcome, measure, scale)
    rows = rows.assign(
        label=rows["estimator"].map(ESTIMATORS).fillna(rows["estimator"]),
        primary=rows.index.isin(headline_rows(rows).index),
    )
    return rows.sort_values("primary", ascending=False, kind="stable").reset_index(drop=True)


def estimands(estimates: pd.DataFrame, outcome: str, measure: str) -> pd.DataFrame:
    """Return every estimand of the headline model, with ``label``."""
    rows = headline_rows(estimates)
    rows = rows[
        (rows["outcome"] == outcome)
        & (rows["stratum"] == "all")
        & (rows["scale"] != RELATIVE)
        & rows["estimand"].isin([f"{measure}: {name}" for name in _ESTIMANDS])
    ]
    labels = {f"{measure}: {name}": label for name, label in _ESTIMANDS.items()}
    rows = rows.assign(label=rows["estimand"].map(labels))
    return rows.sort_values("label", key=lambda s: s.map(list(labels.values()).index))


def inference_in_words(estimates: pd.DataFrame, outcome: str, measure: str) -> pd.DataFrame:
    """Return how the interval of each estimator was made: ``label, inference, weighting``.

    With ``id, estimate`` of its row.
    """
    rows = estimators(estimates, outcome, measure)
    words = rows[["label", "inference", "weighting"]].fillna("")
    return words.assign(id=rows["id"], estimate=rows["estimate"]).reset_index(drop=True)


def without_estimate(estimates: pd.DataFrame, outcome: str, measure: str) -> str:
    """Return which estimators beside the headline's gave no estimate, and why; "" if all did."""
    rows = estimators(estimates, outcome, measure)
    rows = rows[rows["estimate"].isna() & ~rows["primary"] & rows["note"].notna()]
    why = [f"{label} ({note})" for label, note in zip(rows["label"], rows["note"], strict=True)]
    return f"No estimate by {numbers.listing(why)}." if why else ""


def units_left_out(units: pd.DataFrame) -> pd.DataFrame:
    """Return the units that are not compared, and why: ``unit, arm, note``."""
    left = units[units["reason"] != ""]
    notes = [periods_named(reason) for reason in left["reason"]]
    return left.assign(note=notes)[["unit", "arm", "note"]].reset_index(drop=True)


def jointly(
    estimates: pd.DataFrame, outcome: str, evaluation: Evaluation | None = None
) -> pd.DataFrame:
    """Return the effect on every measure from one counterfactual, with ``label`` and ``unit``."""
    rows = at_headline(estimates)
    rows = rows[
        (rows["outcome"] == outcome)
        & (rows["stratum"] == "all")
        & rows["estimator"].str.endswith("joint covariance")
    ]
    return _by_measure(rows, outcome, evaluation).reset_index(drop=True)


def absolute_and_relative(estimates: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the headline effect on a rate as a difference and as a ratio."""
    both = [_of(estimates, outcome, "rate", scale) for scale in ("absolute", RELATIVE)]
    return headline_rows(pd.concat(both)).reset_index(drop=True)


def by_group(groups: pd.DataFrame) -> pd.DataFrame:
    """Return the effect in each group, labelled, for a forest plot or a table."""
    return groups.assign(label=group_labels(groups["stratum"]), primary=False)


def by_measure(
    estimates: pd.DataFrame, outcome: str, evaluation: Evaluation | None = None
) -> pd.DataFrame:
    """Return the headline effect on each inequality measure, with ``label`` and ``unit``."""
    rows = at_headline(headline_rows(estimates))
    rows = rows[(rows["outcome"] == outcome) & (rows["stratum"] == "all")]
    return _by_measure(rows, outcome, evaluation)


def _by_measure(rows: pd.DataFrame, outcome: str, evaluation: Evaluation | None) -> pd.DataFrame:
    names = [str(estimand).partition(":")[0] for estimand in rows["estimand"]]
    return rows.assign(
        label=[capitalise(measure_name(name, evaluation)) for name in names],
        unit=[_unit_of_change(name, outcome) for name in names],
    )


def _unit_of_change(measure: str, outcome: str) -> str:
    """Return the unit of a difference of two values of a measure."""
    unit = measure_unit(measure, outcome)
    return numbers.change_unit(unit) if unit else "difference of two ratios or indices"


def over_time(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the effect in every period since the start, labelled by period.

    One row without an estimate where the headline model gives none.
    """
    rows = estimates[estimates["estimand"].str.endswith(IN_PERIOD)]
    if rows.empty:
        return pd.DataFrame(
            {"label": ["Every period"], **{key: [float("nan")] for key in _ESTIMATE_COLUMNS}}
        )
    return rows.assign(label=[period_label(time) for time in rows["time"]])


def measures_at(
    estimates: pd.DataFrame, outcome: str, period: str, evaluation: Evaluation | None = None
) -> pd.DataFrame:
    """Return the inequality measures of one period, with ``label`` and ``unit``."""
    rows = estimates[(estimates["page"] == "baseline-inequality") & (estimates["time"] == period)]
    return rows.assign(
        label=[capitalise(measure_name(str(name), evaluation)) for name in rows["estimand"]],
        unit=[
            numbers.change_unit(measure_unit(str(name), outcome)) or "ratio or index"
            for name in rows["estimand"]
        ],
    )


def in_period(frame: pd.DataFrame, period: str) -> pd.DataFrame:
    """Return the rows of one period, groups labelled from most to least deprived."""
    rows = frame[frame["period"].map(label) == period].reset_index(drop=True)
    return rows.assign(label=group_labels(rows["stratum"]))


def rates_and_measures(groups: pd.DataFrame, measures_then: pd.DataFrame) -> pd.DataFrame:
    """Return one period's group rates and measures as rows that a sentence is written from."""
    rates = groups.assign(
        estimand="rate", estimate=groups["rate"], time=groups["period"].map(label), id=None
    )
    columns = ["id", "estimand", "stratum", "estimate", "ci_low", "ci_high", "time", "indicator"]
    measures_then = measures_then.assign(indicator=measures_then["outcome"])
    return pd.concat([rates[columns], measures_then[columns]], ignore_index=True)


def slope_fit(evaluation: Evaluation, observations: Observations, period: str) -> pd.DataFrame:
    """Return what the slope index is read off in one period.

    Returns
    -------
    DataFrame ``stratum, ridit, rate, fitted, indicator``; the first and last rows extend the
    line to ranks 0 and 1. With the slope index, ``sii`` and ``sii_id``, where the baseline page
    has it.
    """
    details = indicator(evaluation.outcomes.primary.indicator)
    cells = in_period(observations.strata(details.id), period)
    shares = cells["denominator"] / cells["denominator"].sum()
    rank = shares.cumsum() - shares / 2
    found = measures(
        cells[["stratum", "numerator", "denominator"]],
        observations.levels,
        per=details.per,
        polarity="low",
        which=("sii",),
    )
    slope = -float(found["estimate"].iloc[0])
    mean = float((shares * cells["rate"]).sum())
    line = pd.DataFrame(
        {"stratum": cells["stratum"], "ridit": rank, "rate": cells["rate"]},
    )
    ends = pd.DataFrame({"stratum": ["", ""], "ridit": [0.0, 1.0], "rate": [float("nan")] * 2})
    frame = pd.concat([ends.iloc[:1], line, ends.iloc[1:]], ignore_index=True)
    frame = frame.assign(fitted=mean + slope * (frame["ridit"] - 0.5), indicator=details.id)
    recorded = evaluation.equity.measures if cells["rate"].notna().all() else ()
    if "sii" in recorded:
        index = -slope if details.polarity == "low" else slope
        frame = frame.assign(sii=index, sii_id=measure_id(details.id, "sii", period))
    return frame


def variants(frame: pd.DataFrame, estimates: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the variants of one measure under the headline estimate, for a forest plot."""
    rows = frame[frame["measure"] == measure].assign(primary=False)
    main = as_reported(estimates, measure, rows["outcome"])
    frame = pd.concat([main, _ends_of_leaving_out(rows)], ignore_index=True)
    return frame.assign(label=[capitalise(periods_named(label)) for label in frame["label"]])


def as_reported(estimates: pd.DataFrame, measure: str, outcomes: pd.Series) -> pd.DataFrame:
    """Return the headline effect on a measure as the row that others are held against."""
    main = at_headline(headline_rows(estimates), measure)
    return main[
        (main["page"] != "robustness")
        & (main["scale"] == "absolute")
        & (main["stratum"] == "all")
        & main["outcome"].isin(outcomes)
    ].assign(label="As reported", primary=True, kind="as reported", measure=measure)


def _ends_of_leaving_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the variants, of many that leave one unit out only the lowest and the highest."""
    alone = rows["kind"] == "leave one out"
    known = rows[alone & rows["estimate"].notna()]
    if len(known) <= MOST_LEFT_OUT:
        return rows
    ends = known.loc[[known["estimate"].idxmin(), known["estimate"].idxmax()]]
    words = [f"{end} of {len(known)}, one left out each time" for end in ("lowest", "highest")]
    named = zip(ends["label"], words, strict=True)
    ends = ends.assign(label=[f"{label} ({end})" for label, end in named])
    refused = rows[alone & rows["estimate"].isna()]
    return pd.concat([rows[~alone], ends, refused], ignore_index=True)


def too_few(frame: pd.DataFrame) -> str:
    """Return the warning under a table of estimates that some are not to be relied on, or ""."""
    if not (frame["df"] < LEAST_DF).any():
        return ""
    return (
        f"Below {LEAST_DF} degrees of freedom a series cannot carry an estimate: such rows are "
        "shown for completeness and say nothing."
    )


def not_carried(estimates: pd.DataFrame, outcome: str) -> bool:
    """Return whether the headline model's effect on a rate is not to be relied on, or is missing.

    A series with too few degrees of freedom cannot say whether it left its trend.
    """
    rows = headline_rows(_of(estimates, outcome, "rate", "absolute"))
    return bool((rows["df"] < LEAST_DF).any())


def refusal(estimates: pd.DataFrame, outcome: str, measure: str = "") -> str:
    """Return why the headline model was refused for an outcome, or nothing.

    Parameters
    ----------
    measure : only for this measure, where it is named.
    """
    rows = headline_rows(estimates)
    rows = rows[(rows["outcome"] == outcome) & rows["estimate"].isna() & rows["note"].notna()]
    rows = rows[rows["estimand"].str.startswith(f"{measure}:" if measure else "")]
    return f"The headline model gives no estimate. {rows['note'].iloc[0]}" if len(rows) else ""


def residual_tests(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the tests of the residuals in words: ``test, finding, note, indicator``."""
    finding = frame["concern"].map({True: "raises a concern", False: "raises no concern"})
    return frame.assign(finding=finding)[["test", "finding", "note", "indicator"]]


def all_estimates(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return every estimate but the yearly measures of the baseline page, by its key."""
    return estimates[estimates["page"] != "baseline-inequality"].reset_index(drop=True)


def _of(estimates: pd.DataFrame, outcome: str, measure: str, scale: str) -> pd.DataFrame:
    """Return the rows of the headline estimand of a measure, by whatever estimator."""
    rows = at_headline(estimates, measure)
    return rows[
        (rows["outcome"] == outcome)
        & (rows["scale"] == scale)
        & (rows["stratum"] == "all")
        & (rows["page"] != "robustness")
    ]
