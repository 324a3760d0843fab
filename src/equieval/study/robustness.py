"""Robustness of an interrupted time series: does the answer hang on one choice or one point?

Every variant changes one thing (a period left out, another start, a set of periods that the
protocol doubts) and estimates the same estimand again with the headline estimator. Placebo
starts use the periods before the real start only, where no effect can be; nor can it be on control
outcomes and in placebo groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from equieval.data import Observations, parse_period, period_label
from equieval.errors import DesignError
from equieval.methods.its import ItsFit, effect_at, fit_ols
from equieval.methods.its_diagnostics import autocorrelation, residual_tests
from equieval.protocol import Evaluation
from equieval.protocol.design import Robustness
from equieval.study.analysis import CI_LEVEL, Analysis, Subject, tidy
from equieval.study.compared_series import compared_series
from equieval.study.headline import AT_HORIZON, headline_of
from equieval.study.its_rows import covering, fit_series, subject_of
from equieval.study.series import SeriesDesign, label, series_design
from equieval.study.series_adequacy import as_carried
from equieval.study.series_control_outcomes import series_control_outcomes

PLACEBO = "placebo effect"


@dataclass(frozen=True)
class Variant:
    """One thing changed: its kind, its name for readers, and the design that results."""

    kind: str
    label: str
    design: SeriesDesign


def robustness(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the primary and the outcome's effect under every variant of the protocol.

    Frames: ``variants`` (kind, label, measure and the Estimates columns), ``autocorrelation``
    and ``residual-tests`` of the primary model (with ``refused``: why it is that of least squares),
    ``placebo`` (as ``variants``), ``controls`` (control outcomes and placebo groups; with
    ``because``).
    """
    compared = compared_series(evaluation, observations)
    design = series_design(evaluation, compared.observations)
    controls, control_rows = series_control_outcomes(evaluation, observations, design)
    observations = compared.observations
    primary = evaluation.outcomes.primary
    subjects = {
        primary.measure: compared.measure(primary.indicator, primary.measure),
        "rate": compared.outcome(primary.indicator),
    }
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, str]] = []
    for measure, values in subjects.items():
        own = covering(design, values)
        subject = subject_of(evaluation, observations, "robustness", primary.indicator, measure)
        asked = Asked(evaluation.robustness, observations.frequency)
        for variant in (*asked.variants(own), *asked.placebos(own)):
            row = _variant_row(variant, values, subject)
            rows.append(row)
            labels.append(
                {"id": row["id"], "kind": variant.kind, "label": variant.label, "measure": measure}
            )
    estimates = tidy([*rows, *control_rows])
    labelled = pd.DataFrame(labels, columns=["id", "kind", "label", "measure"])
    labelled = labelled.merge(estimates, on="id")
    residuals = _residual_frames(subjects[primary.measure], design, primary.indicator)
    is_placebo = labelled["kind"] == "placebo start"
    return Analysis(
        estimates,
        {
            "variants": labelled[~is_placebo].reset_index(drop=True),
            "placebo": labelled[is_placebo].reset_index(drop=True),
            "controls": controls,
            **residuals,
        },
    )


def _residual_frames(
    values: pd.Series, design: SeriesDesign, indicator: str
) -> dict[str, pd.DataFrame]:
    """Return autocorrelation and tests of the residuals, and why no test where there is no model.

    Where the headline model is refused, those of least squares: its residuals show why. Where
    nothing varies there is no model at all: no lags, and one row without a test.
    """
    try:
        fit, refused = _examined(values, design)
    except DesignError as refusal:
        none = {"test": "none", "concern": False, "note": "", "refused": refusal.what}
        lags = pd.DataFrame(columns=["lag", "acf", "bound", "indicator"])
        tests = pd.DataFrame([none | {"indicator": indicator}])
        return {"autocorrelation": lags, "residual-tests": tests}
    lags = autocorrelation(fit)
    return {
        "autocorrelation": lags.assign(bound=lags["ci_high"], indicator=indicator),
        "residual-tests": residual_tests(fit).assign(indicator=indicator, refused=refused),
    }


def _examined(values: pd.Series, design: SeriesDesign) -> tuple[ItsFit, str]:
    """Return the fit whose residuals are examined, and why it is not that of the headline."""
    try:
        return fit_series(values, design), ""
    except DesignError as refusal:
        return fit_ols(design.usable(values), design.matrix()), refusal.what


@dataclass(frozen=True)
class Asked:
    """The robustness block, read in the frequency of the data."""

    block: Robustness
    frequency: str

    def period(self, name: str) -> pd.Period:
        """Return a period of the data from its label."""
        return parse_period(name, self.frequency)

    def variants(self, design: SeriesDesign) -> Iterator[Variant]:
        """Yield the variants that keep the estimand: the effect at the horizon."""
        for start in self.block.alternative_starts:
            design_then = design.starting(self.period(start))
            yield Variant("another start", f"start in {start}", design_then)
        for group in self.block.exclude_periods:
            periods = [self.period(name) for name in group]
            words = f"without {' and '.join(group)}"
            yield Variant("periods left out", words, design.without(*periods))
        if self.block.leave_one_out:
            for period in design.periods:
                alone = (period_label(period, self.frequency),)
                if period not in design.excluded and alone not in self.block.exclude_periods:
                    yield Variant("leave one out", f"without {alone[0]}", design.without(period))

    def placebos(self, design: SeriesDesign) -> Iterator[Variant]:
        """Yield the placebo starts, on the periods before the real start only."""
        before = design.periods[design.periods < design.start]
        for start in self.block.placebo_starts:
            earlier = design.starting(self.period(start)).over(before, before[-1])
            yield Variant("placebo start", f"placebo start in {start}", earlier)


def _variant_row(variant: Variant, values: pd.Series, subject: Subject) -> dict[str, Any]:
    """Estimate one variant; one that its few points cannot carry is kept, with the reason."""
    placebo = variant.kind == "placebo start"
    columns: dict[str, Any] = {
        "estimator": headline_of(subject.design).estimator,
        "estimand": PLACEBO if placebo else AT_HORIZON,
        "role": "diagnostic" if placebo else "robustness",
        "variant": f"{variant.kind} {variant.label}",
        "note": variant.label,
        "horizon": label(variant.design.horizon),
    }
    try:
        fit = fit_series(values, variant.design)
        contrast = effect_at(
            fit, variant.design.matrix(), variant.design.horizon, ci_level=CI_LEVEL
        )
    except DesignError as refusal:
        return subject.refused(**{**columns, "note": f"{variant.label}: {refusal.what}"})
    if placebo:
        contrast, why = as_carried(contrast, variant.design, values)
        columns["note"] = f"{variant.label}: {why}" if why else variant.label
    return subject.row(contrast, n_obs=fit.n_obs, inference=fit.inference, **columns)
