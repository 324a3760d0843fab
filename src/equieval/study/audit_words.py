"""Sentences of an audit: ``statement(data, **words) -> Statement``, by rules from the numbers.

An audit describes: no word of cause, and no rating of certainty, which is for effects.
"""

from __future__ import annotations

import pandas as pd

from equieval.data import ALL
from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame
from equieval.present.groups import groups_called
from equieval.present.wording import as_text, sentence
from equieval.study.analysis import RELATIVE

_MARKER = 5  # columns of "12.  ": what belongs to an item of a list is indented as far


def answer(
    data: pd.DataFrame,
    *,
    outcome: str,
    polarity: str,
    reference: str | None,
    group_word: str,
    source: str,
    unit: str,
    scale: str,
) -> Statement:
    """Say in which groups the outcome is worse, the largest gap first.

    Parameters
    ----------
    data : every row of the primary measure in the reference source: ``stratum, estimate, ci_low,
        ci_high, clear`` and ``holds`` (whether the bounds leave out equality; missing where
        nothing bounds it).
    polarity : of the outcome; where high is good, lower is worse.
    reference : the group that others are compared with; None where groups are ordered.
    group_word : what a group is called in running text (``"ethnic group"``).
    source : what the reference source is called.
    unit : of the gap; empty for ratios.
    """
    words = answer_words(
        data,
        outcome=outcome,
        polarity=polarity,
        reference=reference,
        group_word=group_word,
        source=source,
        unit=unit,
        scale=scale,
    )
    return Statement(words, plain_frame(data))


def answer_words(
    data: pd.DataFrame,
    *,
    outcome: str,
    polarity: str,
    reference: str | None,
    group_word: str,
    source: str,
    unit: str,
    scale: str,
    marked: bool = True,
) -> str:
    """Return the words of `answer`; ``marked`` sets the lead in bold."""
    clear = data[data["clear"]]
    name, where = as_text(outcome), as_text(source)
    if data.empty or data["estimate"].isna().all():
        lead = f"The {where} source cannot say whether the {name} differs between groups"
        return _bold(lead, marked)
    if clear.empty:
        return _bold(f"The {where} source shows no clear gap in the {name}", marked)
    most = clear.iloc[0]
    size = _size(most, unit, scale)
    side = "lower" if polarity == "high" else "higher"
    if reference is None or most["stratum"] == ALL:
        lead = f"In the {where} source the {name} is {side} for the groups that fare worst"
        return f"{_bold(lead, marked)} The gap is {size}."
    groups, held_against, worst = (
        groups_called([as_text(group) for group in some], group_word)
        for some in (clear["stratum"], [reference], [most["stratum"]])
    )
    lead = (
        f"In the {where} source the {name} is {side} for people in {groups} than for people in "
        f"{held_against}"
    )
    largest = f"The largest gap is that of {worst}: {size}."
    if len(clear) == 1:
        largest = f"The gap is {size}."
    return f"{_bold(lead, marked)} {largest}"


def unknown_groups(data: pd.DataFrame, *, group_word: str, plausibility: float) -> Statement:
    """Say which gaps remain if people of unknown group differ from those known; see `answer`."""
    return Statement(unknown_words(data, group_word=group_word, plausibility=plausibility),
                     plain_frame(data))  # fmt: skip


def unknown_words(data: pd.DataFrame, *, group_word: str, plausibility: float) -> str:
    """Return the words of `unknown_groups`."""
    clear = data[data["clear"]]
    judged = clear[clear["holds"].notna()]
    if judged.empty:
        return (
            f"The source does not show how many people are of unknown {group_word}, so no bounds "
            "can be given."
            if len(clear)
            else ""
        )
    held, lost = (judged[judged["holds"] == side]["stratum"] for side in (True, False))
    scope = f"if people of unknown {group_word} differ from the others by up to a factor of "
    scope += f"{plausibility:g}"
    if lost.empty:
        number = (
            "The gap remains"
            if len(held) == 1
            else f"All {numbers.count_word(len(held))} gaps remain"
        )
        return f"{number} {scope}."
    if held.empty:
        return f"No gap is safe: each may vanish {scope}."
    names = groups_called([as_text(group) for group in lost], group_word)
    these = "that" if len(lost) == 1 else "those"
    return f"Not every gap remains {scope}: {these} of {names} may vanish."


def key_points(data: pd.DataFrame, *, points: tuple[str, ...]) -> Statement:
    """Write the points that a reader takes away; ``data`` is what they were written from."""
    return Statement("\n".join(f"- {sentence(point)}" for point in points), plain_frame(data))


def action_plan(data: pd.DataFrame) -> Statement:
    """List actions with finding, owner and metric: ``number, action, finding, owner, metric``.

    A list, not a table: five columns of sentences cannot be read on a phone.
    """
    if data.empty:
        return Statement("No finding asks for an action.", plain_frame(data))
    parts = (("Finding", "finding"), ("Who would act", "owner"), ("How it will be seen", "metric"))
    blocks = []
    for row in data.to_dict("records"):
        details = [
            f"{' ' * _MARKER}- {label}: {sentence(as_text(row[key]))}" for label, key in parts
        ]
        marker = f"{row['number']}.".ljust(_MARKER)
        lead = f"{marker}**{sentence(as_text(row['action']))}**"
        blocks.append("\n".join([lead, "", *details]))
    return Statement("\n\n".join(blocks), plain_frame(data))


def not_said(data: pd.DataFrame) -> Statement:
    """Say what the data cannot say: ``data`` has one limit per row, in ``words``."""
    return Statement("\n".join(f"- {words}" for words in data["words"]), plain_frame(data))


def model(data: pd.DataFrame) -> Statement:
    """Write down what an audit computes, in symbols; ``data`` names its measures."""
    return Statement(_MODEL, plain_frame(data))


def _bold(words: str, marked: bool) -> str:
    return f"**{sentence(words)}**" if marked else sentence(words)


def _size(row: pd.Series, unit: str, scale: str) -> str:
    digits = 2 if scale == RELATIVE else 1
    amount = numbers.of_unit(numbers.number(row["estimate"], digits), as_text(unit))
    span = numbers.interval_words(row["ci_low"], row["ci_high"], decimals=digits)
    prefix = "a ratio of " if scale == RELATIVE else ""
    return f"{prefix}{amount} ({span})"


_MODEL = r"""Let $x_{sg}$ be the events and $n_{sg}$ the people of group $g$ in source $s$, over the
organisations and periods for which the source gives every group, $0$ the reference group and $r$
the reference source.

- Rate: $p_{sg} = x_{sg} / n_{sg}$, with Wilson's interval.
- Gap: $p_{s0} - p_{sg}$ where a high rate is good, $p_{sg} - p_{s0}$ where a low one is, with
  Newcombe's interval. Ratio: $p_{s0} / p_{sg}$, or its inverse, with the log-normal interval.
- Counts of two sources: $n_{s} / n_{r}$ in the cells that both have. Both mean to count the same
  people, so there is no sampling interval; the tolerance is fixed beforehand.
- Coding of source $s$: $c_s = \sum_g n_{sg} / n_{s}$, where $n_s$ includes people of unknown group.
- Coding of group $g$, judged by the best coded source $b$:
  $c_{sg} = (n_{sg} / n_s) \,/\, (n_{bg} / \sum_h n_{bh})$.
- Bounds: each group is given between $1/k$ and $k$ times its proportional share of the people, and
  of the events, of unknown group; the least and the largest gap over all such allocations.
"""
