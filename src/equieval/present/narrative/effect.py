"""The effect in words: what differed from what was expected, by how much, how surely."""

from __future__ import annotations

import pandas as pd

from equieval.present.artefact import Statement, plain_frame
from equieval.present.groups import WORST_OFF
from equieval.present.narrative.rows import SIDES, Row, of_scale, row_of
from equieval.present.periods import period_label
from equieval.present.wording import (
    as_text,
    better_or_worse,
    caveat_words,
    expected_words,
    sentence,
)


def effect_statement(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    design: str,
    intervention: str,
    start: object = None,
    quantity: str = "outcome",
    polarity: str = "low",
    worst_off: str = WORST_OFF,
    when: str = "",
    caveat: bool = True,
) -> Statement:
    """Say in words how an outcome, or the gap in it, differed from what was expected.

    Parameters
    ----------
    data : Estimates rows: the first on an absolute scale, and, if there, the first with
        scale ``"relative"`` (a ratio; 1 means no difference).
    outcome : what is measured in running text (``"stillbirth rate"``, ``"gap between the
        most and least deprived, measured by the slope index of inequality"``).
    unit : unit of the absolute estimate.
    design, start : what the estimate compares with (``"its"`` from ``"2016"``).
    quantity : ``"outcome"`` (higher or lower; better or worse by polarity) or ``"gap"``
        (wider or narrower; positive is wider).
    worst_off : whom a gap burdens, in running text.
    when : the moment in words; by default from the estimate's horizon or time.
    caveat : end with what the design cannot show.
    """
    name = as_text(outcome)
    subject = f"{name}," if ", " in name else name
    first = of_scale(data, relative=False)
    second = of_scale(data, relative=True)
    since = period_label(start) if start is not None else ""
    against = f"{expected_words(design, since)} would have led us to expect"
    main = row_of(first if not first.empty else second, None, "effect_statement")
    moment = when or main.moment or "after the start"
    if not main.result.known:
        words = [f"{moment}, a change in the {subject} cannot be estimated"]
    else:
        size = _compared(main.difference(as_text(unit), quantity), against, bold=True)
        words = [
            f"{moment}, the {subject} is estimated to have been {size} "
            f"({main.uncertainty(quantity)})"
        ]
        if not first.empty and not second.empty:
            other = row_of(second, None, "effect_statement")
            if other.result.known:
                ratio = _compared(other.difference("", quantity), "expected", bold=False)
                words.append(f"in relative terms: {ratio} ({other.uncertainty(quantity)})")
        words.append(_clarity(main, subject, quantity, polarity, as_text(worst_off)))
    if caveat:
        words.append(caveat_words(design, as_text(intervention)))
    return Statement(" ".join(sentence(part) for part in words), plain_frame(data))


def _compared(difference: str, against: str, *, bold: bool) -> str:
    if difference == "no different":
        return f"no different from {against}"
    return f"**{difference}** than {against}" if bold else f"{difference} than {against}"


def _clarity(row: Row, name: str, quantity: str, polarity: str, worst_off: str) -> str:
    """Whether the interval leaves no difference out, and whether that is for the better."""
    sign = row.result.sign
    if not sign:
        return (
            f"the interval includes no difference, so these data do not show whether the {name} "
            "changed"
        )
    side = SIDES[quantity][sign > 0]
    words = f"the interval leaves out no difference: the {name} was {side} than expected"
    if quantity == "gap":
        end = "disadvantage" if sign > 0 else "advantage"
        return f"{words}, to the {end} of {worst_off}"
    judgement = better_or_worse(sign, polarity)
    return f"{words}, which is {judgement}" if judgement else words


def estimand_words(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    population: str,
    design: str,
    intervention: str,
    start: object = None,
    measure: str = "",
    weighting: str = "",
    compared: str = "",
    adjusted: str = "",
) -> Statement:
    """Say what is estimated, in words and in symbols.

    Parameters
    ----------
    data : the primary estimate's row: its scale and horizon are said.
    measure : the inequality measure, when the estimand is a change in inequality.
    weighting : how groups are weighted, in words; who counts how much goes by the row's own
        ``weighting`` where it has one.
    compared : what a unit is, where units are compared: the effect is then named by who counts.
    adjusted : what is adjusted for, in words.
    """
    row = row_of(data, None, "estimand_words")
    relative = row.ratio
    link = "in" if measure.startswith("difference") else "of"
    what = f"{as_text(measure)} {link} the {as_text(outcome)}" if measure else as_text(outcome)
    since = period_label(start) if start is not None else ""
    moment = row.when or "the stated horizon"
    if row.average:
        moment = f"on average over the exposed periods up to {moment}"
    contrast = (
        f"{what} as it was, {'divided by' if relative else 'minus'} {what} as it would have been "
        f"without {as_text(intervention)}, judged by "
        f"{expected_words(design, since).rstrip(',')}, taken as what would have happened"
    ).replace("carried forward, taken", "carried forward and taken")
    formula, symbols = _symbols(row, bool(measure))
    if measure:
        symbols += f", and $I$ the {as_text(measure)}"
    lines = [
        f"**Population:** {as_text(population)}",
        f"**Outcome:** {as_text(outcome)}, in {as_text(unit)}",
        f"**Contrast:** {contrast}",
        f"**Scale:** {'relative (a ratio)' if relative else 'absolute (a difference)'}",
        f"**Time:** {moment}",
    ]
    if weighting:
        lines.append(f"**Weighting:** {as_text(_who_counts(data, weighting, compared))}")
    if adjusted:
        lines.append(
            f"**Adjusted for:** {as_text(adjusted)}: those that were alike in it are taken to "
            "have gone on alike"
        )
    bullets = "\n".join(f"- {line}" for line in lines)
    markdown = f"{bullets}\n\nIn symbols: $\\theta = {formula}$, {symbols}."
    return Statement(markdown, plain_frame(data))


def _who_counts(data: pd.DataFrame, weighting: str, compared: str) -> str:
    """Return who counts how much, as it was done, and what the effect is called by it."""
    if not compared:
        return weighting
    words, separator, shares = weighting.partition("; ")
    done = data["weighting"].iloc[0] if "weighting" in data else ""
    words = done if isinstance(done, str) and done else words
    named = f"per {compared}" if words.startswith("each unit") else "per person"
    return f"{words} (the average effect {named} among the treated){separator}{shares}"


def _symbols(row: Row, measured: bool) -> tuple[str, str]:
    """The estimand as a formula, and what its letters are."""

    def value(exposed: int) -> str:
        outcome = rf"\bar{{Y}}({exposed})" if row.average else f"Y_t({exposed})"
        return rf"I\{{{outcome}\}}" if measured else rf"\mathrm{{E}}\{{{outcome}\}}"

    formula = rf"{value(1)} \, / \, {value(0)}" if row.ratio else f"{value(1)} - {value(0)}"
    if row.average:
        return formula, (
            "where $\\bar{Y}(1)$ is the outcome as it was, averaged over the exposed periods of "
            "those that take part, and $\\bar{Y}(0)$ the same as it would have been without the "
            "intervention"
        )
    return formula, (
        "where $Y_t(1)$ is the outcome at time $t$ as it was, $Y_t(0)$ as it would have been "
        "without the intervention"
    )
