"""The models of panels in words and symbols, by what was fitted."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.methods.inference import headline_interval
from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.wording import as_text, sentence


@dataclass(frozen=True)
class _Model:
    """What a model says: in words, as a formula, what its letters are, and what it assumes.

    ``adjusted`` is the formula with covariates, ``slopes`` what its further letters are.
    """

    words: str
    formula: str
    letters: str
    average: str
    adjusted: str = ""
    slopes: str = ""


_MODELS: dict[str, _Model] = {
    "two-way fixed effects": _Model(
        "The outcome $y_{it}$ of unit $i$ in period $t$ has a level of its own for each unit, a "
        "change that all units share in each period, and an effect of taking part:",
        r"y_{it} = \alpha_i + \gamma_t + \tau D_{it} + \varepsilon_{it}.",
        r"$D_{it}$ is 1 in units that take part, from their start on, and 0 otherwise",
        r"$\tau$ is the average difference over the exposed units and periods",
        r"y_{it} = \alpha_i + \gamma_t + \tau D_{it} + \beta^\top x_i P_t + "
        r"\delta^\top (x_i - \bar{x}) D_{it} + \varepsilon_{it}.",
        r"$x_i$ is {adjusted}, $\bar{x}$ its mean in the exposed, and $P_t$ is 1 from the start "
        "on: after it, units may change by what they were like before, and so may the effect",
    ),
    "Callaway–Sant'Anna": _Model(
        "Each cohort of units that started together ($g$) is compared, from its last period "
        "before the start to each period $t$, with {controls}:",
        r"\mathrm{ATT}(g,t) = \mathrm{E}\{Y_t - Y_{g-1} \mid G = g\} - "
        r"\mathrm{E}\{Y_t - Y_{g-1} \mid C\}.",
        "$G$ is a unit's cohort and $C$ are the units it is compared with; no unit that already "
        "takes part is ever among them",
        "the estimate averages $\\mathrm{ATT}(g,t)$ over all exposed units and periods",
        r"\mathrm{ATT}(g,t) = \mathrm{E}\{Y_t - Y_{g-1} - m_{gt}(X) \mid G = g\}, \qquad "
        r"m_{gt}(X) = \mathrm{E}\{Y_t - Y_{g-1} \mid X, C\}.",
        "$X$ is {adjusted}, and $m_{gt}$ a linear regression of the change in the units compared "
        "with",
    ),
    "imputation": _Model(
        "Unit and period effects are learnt from all observations that are not exposed, and the "
        "outcome that exposed ones would have had is filled in from them:",
        r"\hat{y}_{it}(0) = \hat{\alpha}_i + \hat{\gamma}_t, \qquad "
        r"\hat{\tau}_{it} = y_{it} - \hat{y}_{it}(0).",
        "hats are estimates from unexposed units and periods only",
        r"the estimate averages $\hat{\tau}_{it}$ over all exposed units and periods",
    ),
    "Poisson ETWFE": _Model(
        "The count $n_{it}$ of unit $i$ in period $t$, out of $N_{it}$, follows a Poisson model "
        "with an offset, in which every exposed cohort and period has an effect of its own:",
        r"\log \mathrm{E}(n_{it}) = \log N_{it} + \alpha_i + \gamma_t + "
        r"\sum_{g} \sum_{s \ge g} \tau_{gs}\,1\{G_i = g\}\,1\{t = s\}.",
        r"$\tau_{gs}$ is the effect in cohort $g$ in period $s$, on the logarithmic scale",
        "the estimate is the observed rate less (or divided by) the rate that the model gives "
        r"without the $\tau_{gs}$, over all exposed units and periods",
    ),
}
_CONTROLS = {
    "never-treated": "units that never take part",
    "not-yet-treated": "units that do not take part by then",
}


def did_model(
    data: pd.DataFrame,
    *,
    control_group: str = "never-treated",
    weighting: str = "",
    adjusted: str = "",
) -> Statement:
    """Say which difference-in-differences was fitted.

    Parameters
    ----------
    data : Estimates rows of what was fitted, the first one told: ``estimator`` and, said
        where there, ``inference, n_units, n_treated_units``.
    control_group : whom Callaway and Sant'Anna's cohorts are compared with.
    weighting : how units are weighted, in words; where they are so few that the treatment is
        reassigned over them, each counts the same.
    adjusted : what is adjusted for, in words.

    Raises
    ------
    InputError : an estimator or control group without words, or covariates in a model without.
    """
    require(data, ("estimator",), "did_model")
    row = data.iloc[0].to_dict()
    model = _MODELS[_known(str(row["estimator"]), _MODELS, "estimator")]
    controls = _CONTROLS[_known(control_group, _CONTROLS, "control_group")]
    words = model.words.replace("{controls}", controls)
    formula, ending = model.formula, [model.letters, model.average]
    alike = "those that take part and those that do not"
    if adjusted:
        if not model.adjusted:
            raise InputError(
                f"there are no words for the estimator '{row['estimator']}' with covariates",
                where="did_model",
                remedy="tell the estimator that was adjusted",
            )
        formula = model.adjusted
        ending.insert(1, model.slopes.replace("{adjusted}", as_text(adjusted)))
        alike = "units that were alike in it before, whether they take part or not,"
    ending.append(f"the comparison holds only where {alike} would otherwise have changed alike")
    if weighting:
        ending.append(f"weighting: {as_text(_weighted(row, weighting))}")
    ending += _size(row.get("n_units"), row.get("n_treated_units"))
    inference = row.get("inference")
    if isinstance(inference, str) and inference:
        ending.append(f"interval: {as_text(inference)}")
    told = " ".join(sentence(part) for part in ending)
    return Statement("\n\n".join([words, f"$${formula}$$", told]), plain_frame(data))


def _weighted(row: Mapping[Hashable, object], weighting: str) -> str:
    """Return who counts how much: each unit the same where treatment is reassigned over them."""
    units, treated = row.get("n_units"), row.get("n_treated_units")
    if row["estimator"] != "two-way fixed effects" or numbers.is_missing(units):
        return weighting
    rule = headline_interval(int(str(units)), int(str(treated)))
    if rule.interval in ("clustered", "wild-bootstrap"):
        return weighting
    return f"each unit counts the same; {weighting.partition('; ')[2]}".removesuffix("; ")


def synthetic_did_model(data: pd.DataFrame, *, weighting: str = "") -> Statement:
    """Say how synthetic difference-in-differences weighs units and periods.

    Parameters
    ----------
    data : one row, said where there: ``n_units, n_treated_units`` and ``inference`` as in
        the Estimates table, ``pre_fit`` (root mean squared distance before the start).
    weighting : how the units that take part are weighted in their mean, in words.
    """
    require(data, (), "synthetic_did_model")
    row = data.iloc[0].to_dict()
    parts = [
        r"$\omega_i$ weighs the comparison units so that together they run parallel to those "
        r"that take part before the start, and $\lambda_t$ the earlier periods so that they are "
        "like the later ones",
        r"$D_{it}$ is 1 in units that take part, from their start on; $\tau$ is the average "
        "difference over the exposed units and periods",
        "the comparison holds only where the weighted units would otherwise have changed alike",
        *_size(row.get("n_units"), row.get("n_treated_units")),
    ]
    if weighting:
        parts.append(f"in the mean of those that take part, {as_text(weighting)}")
    fit = row.get("pre_fit")
    if not numbers.is_missing(fit):
        parts.append(
            "before the start the weighted units lie, their level aside, "
            f"{numbers.number(fit)} from those that take part on average"
        )
    inference = row.get("inference")
    if isinstance(inference, str) and inference:
        parts.append(f"interval: {as_text(inference)}")
    paragraphs = [
        "Comparison units and earlier periods are weighted before a two-way model is fitted:",
        r"$$(\hat{\tau}, \hat{\mu}, \hat{\alpha}, \hat{\gamma}) = \arg\min \sum_{i,t} "
        r"(y_{it} - \mu - \alpha_i - \gamma_t - \tau D_{it})^2\, \omega_i \lambda_t.$$",
        " ".join(sentence(part) for part in parts),
    ]
    return Statement("\n\n".join(paragraphs), plain_frame(data))


def _size(units: object, treated: object) -> list[str]:
    if numbers.is_missing(units) or numbers.is_missing(treated):
        return []
    part = "takes part" if float(str(treated)) == 1 else "take part"
    return [f"there are {numbers.count(units)} units, of which {numbers.count(treated)} {part}"]


def _known(name: str, table: dict[str, _Model] | dict[str, str], what: str) -> str:
    if name not in table:
        raise InputError(
            f"there are no words for the {what.replace('_', ' ')} '{name}'",
            where="did_model",
            remedy=did_you_mean(name, table),
        )
    return name
