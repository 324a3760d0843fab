"""The model in words and symbols, with the terms that were fitted and no others."""

from __future__ import annotations

import pandas as pd

from equieval.present.artefact import Statement, plain_frame, require

_IMPACT = {
    "post": (r"\beta_2\,\mathrm{post}_t", r"$\mathrm{post}_t$ is 1 from the start on"),
    "since": (
        r"\beta_3\,\mathrm{since}_t",
        r"$\mathrm{since}_t$ counts the periods after the start",
    ),
}
_COEFFICIENT = {"post": r"$\beta_2$", "since": r"$\beta_3$"}
_CHANGES = {
    ("post", "since"): "a change in both from the start on",
    ("post",): "a change of level from the start on",
    ("since",): "a change of slope from the start on",
}
_OTHERS = {
    "since": "a level and a slope of its own from then on",
    "during": "a level of its own while it lasts",
}
_SEASONS = {
    "none": "",
    "fourier-1": "one pair of sine and cosine over the year",
    "fourier-2": "two pairs of sine and cosine over the year",
    "period-effects": "an effect of its own for each month or quarter of the year",
}


def its_model(data: pd.DataFrame, *, seasonality: str = "none") -> Statement:
    """Say which segmented regression was fitted.

    Parameters
    ----------
    data : one row per term of the model, in the column ``term``.
    seasonality : how the season is modelled, as the parameters name it.
    """
    require(data, ("term",), "its_model")
    formula, meanings, changes, betas = _segments(data, "y_t", seasonality)
    paragraphs = [
        f"The series $y_t$ is described by a level and a slope before the start, and {changes}:",
        f"$${formula}$$",
        f"{meanings}. The counterfactual is the same line without {betas}: the earlier "
        rf"trend, carried forward. {_NEIGHBOURS}",
    ]
    return Statement("\n\n".join(paragraphs), plain_frame(data))


def controlled_its_model(data: pd.DataFrame, *, seasonality: str = "none") -> Statement:
    """Say how a series was held against its controls.

    Parameters
    ----------
    data : one row per term of the model of the difference, in the column ``term``.
    seasonality : how the season is modelled, as the parameters name it.
    """
    require(data, ("term",), "controlled_its_model")
    formula, meanings, changes, betas = _segments(data, "d_t", seasonality)
    paragraphs = [
        "The series of those that take part, $y_t$, is held against the weighted mean of the "
        "comparison series, $c_{jt}$, period by period, so that whatever they share drops out:",
        r"$$d_t = y_t - \sum_j w_j\,c_{jt}, \qquad \sum_j w_j = 1.$$",
        f"The difference is described by a level and a slope before the start, and {changes}:",
        f"$${formula}$$",
        f"{meanings}. The counterfactual is the comparison plus the same line without {betas}. "
        f"{_NEIGHBOURS} A model of all series at once, with terms of their own, stands beside it.",
    ]
    return Statement("\n\n".join(paragraphs), plain_frame(data))


_NEIGHBOURS = (
    r"Neighbouring periods are alike ($\varphi$), so the model is fitted by restricted maximum "
    "likelihood, and every interval rests on its own degrees of freedom (Satterthwaite)."
)


def _segments(data: pd.DataFrame, symbol: str, seasonality: str) -> tuple[str, str, str, str]:
    """Formula, what its terms mean, which changes it has, and their coefficients."""
    terms = tuple(term for term in _IMPACT if term in set(data["term"]))
    symbols = [r"\beta_0 + \beta_1 t", *(_IMPACT[term][0] for term in terms)]
    others = _others(data["term"])
    if others:
        symbols.append("o_t")
    season = _SEASONS[seasonality]
    if season:
        symbols.append("s_t")
    formula = rf"{symbol} = {' + '.join(symbols)} + u_t, \qquad u_t = \varphi u_{{t-1}} + e_t."
    meanings = [_IMPACT[term][1] for term in terms]
    if others:
        meanings.append(f"$o_t$ is what other events add, which the counterfactual keeps: {others}")
    if season:
        meanings.append(f"$s_t$ is the season: {season}")
    betas = " and ".join(_COEFFICIENT[term] for term in terms)
    return formula, "; ".join(meanings), _CHANGES[terms], betas


def _others(terms: pd.Series) -> str:
    """Say which other interruptions the model has, and how each shows; empty without one."""
    named = [str(term).partition(" ")[::2] for term in terms]
    said = [f"{name}, {_OTHERS[kind]}" for kind, name in named if name and kind in _OTHERS]
    return "; ".join(said)
