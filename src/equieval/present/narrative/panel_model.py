"""The models of panels in words and symbols, by what was fitted."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.wording import as_text, sentence


@dataclass(frozen=True)
class _Model:
    """What a model says: in words, as a formula, what its letters are, and what it assumes."""

    words: str
    formula: str
    letters: str
    average: str


_MODELS: dict[str, _Model] = {
    "two-way fixed effects": _Model(
        "The outcome $y_{it}$ of unit $i$ in period $t$ has a level of its own for each unit, a "
        "change that all units share in each period, and an effect of taking part:",
        r"y_{it} = \alpha_i + \gamma_t + \tau D_{it} + \varepsilon_{it}.",
        r"$D_{it}$ is 1 in units that take part, from their start on, and 0 otherwise",
        r"$\tau$ is the average difference over the exposed units and periods",
    ),
    "Callaway–Sant'Anna": _Model(
        "Each cohort of units that started together ($g$) is compared, from its last period "
        "before the start to each period $t$, with {controls}:",
        r"\mathrm{ATT}(g,t) = \mathrm{E}\{Y_t - Y_{g-1} \mid G = g\} - "
        r"\mathrm{E}\{Y_t - Y_{g-1} \mid C\}.",
        "$G$ is a unit's cohort and $C$ are the units it is compared with; no unit that already "
        "takes part is ever among them",
        "the estimate averages $\\mathrm{ATT}(g,t)$ over all exposed units and periods",
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
    data: pd.DataFrame, *, control_group: str = "never-treated", weighting: str = ""
) -> Statement:
    """Say which difference-in-differences was fitted.

    Parameters
    ----------
    data : Estimates rows of what was fitted, the first one told: ``estimator`` and, said
        where there, ``inference, n_units, n_treated_units``.
    control_group : whom Callaway and Sant'Anna's cohorts are compared with.
    weighting : how units are weighted, in words.

    Raises
    ------
    InputError : an estimator or control group without words.
    """
    require(data, ("estimator",), "did_model")
    row = data.iloc[0].to_dict()
    model = _MODELS[_known(str(row["estimator"]), _MODELS, "estimator")]
    controls = _CONTROLS[_known(control_group, _CONTROLS, "control_group")]
    words = model.words.replace("{controls}", controls)
    ending = [model.letters, model.average]
    ending.append(
        "the comparison holds only where those that take part and those that do not would "
        "otherwise have changed alike"
    )
    ending += [f"weighting: {as_text(weighting)}"] if weighting else []
    ending += _size(row.get("n_units"), row.get("n_treated_units"))
    inference = row.get("inference")
    if isinstance(inference, str) and inference:
        ending.append(f"interval: {as_text(inference)}")
    told = " ".join(sentence(part) for part in ending)
    return Statement("\n\n".join([words, f"$${model.formula}$$", told]), plain_frame(data))


def synthetic_did_model(data: pd.DataFrame) -> Statement:
    """Say how synthetic difference-in-differences weighs units and periods.

    Parameters
    ----------
    data : one row, said where there: ``n_units, n_treated_units`` and ``inference`` as in
        the Estimates table, ``pre_fit`` (root mean squared distance before the start).
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
