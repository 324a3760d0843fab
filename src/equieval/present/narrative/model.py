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
    terms = tuple(term for term in _IMPACT if term in set(data["term"]))
    symbols = [r"\beta_0 + \beta_1 t", *(_IMPACT[term][0] for term in terms)]
    season = _SEASONS[seasonality]
    if season:
        symbols.append("s_t")
    formula = rf"y_t = {' + '.join(symbols)} + u_t, \qquad u_t = \varphi u_{{t-1}} + e_t."
    meanings = [_IMPACT[term][1] for term in terms]
    if season:
        meanings.append(f"$s_t$ is the season: {season}")
    betas = " and ".join(_COEFFICIENT[term] for term in terms)
    paragraphs = [
        "The series $y_t$ is described by a level and a slope before the start, and "
        f"{_CHANGES[terms]}:",
        f"$${formula}$$",
        f"{'; '.join(meanings)}. The counterfactual is the same line without {betas}: the earlier "
        r"trend, carried forward. Neighbouring periods are alike ($\varphi$), so the model is "
        "fitted by restricted maximum likelihood, and every interval rests on its own degrees of "
        "freedom (Satterthwaite).",
    ]
    return Statement("\n\n".join(paragraphs), plain_frame(data))
