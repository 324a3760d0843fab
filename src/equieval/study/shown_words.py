"""What pages say in words beside their tables: notes, and why something is not there.

An empty place on a page reads as an oversight: where a protocol asks for nothing, or the data
cannot give it, the page says so.
"""

from __future__ import annotations

import pandas as pd

from equieval.data import Audit
from equieval.present import figures, layouts
from equieval.present.numbers import listing
from equieval.present.periods import period_label
from equieval.study.analysis import Analysis
from equieval.study.auditing import group_recorded, group_word
from equieval.study.page import Page
from equieval.study.series import LINEAR_MEASURES
from equieval.study.words import measure_name

OF_ALL_GROUPS = frozenset(
    {"sii", "rii", "concentration-index-absolute", "concentration-index-relative"}
)


def period_words(period: str) -> str:
    """Return a period as readers write it: ``"September 2022"``."""
    return period_label(period)


def counted_words(page: Page) -> str:
    """Return whom the page's tables count, for their captions."""
    return str(page.words["population"])


def measures_note(page: Page, *, series: bool = False) -> str:
    """Return what has to be known to read a table of measures.

    Parameters
    ----------
    series : the table is of effects in a single series, which carries differences of rates only.
    """
    evaluation = page.evaluation
    named = evaluation.equity.measures
    notes = []
    if OF_ALL_GROUPS & set(named):
        notes.append(
            "The slope index and the concentration index use all groups; the difference and the "
            "ratio only the two ends."
        )
    if len(page.observations.levels) == 10:
        notes.append("Measures are computed from tenths; figures by group join them to fifths.")
    absent = [measure_name(name, evaluation) for name in named if name not in LINEAR_MEASURES]
    if series and absent:
        notes.append(
            f"No effect is given on the {listing(absent)}: a single series carries differences of "
            "rates, and a ratio has no trend of its own to carry forward. Their values are on the "
            "page on baseline inequality."
        )
    return " ".join(notes)


def show_coding(page: Page, audit: Audit) -> None:
    """Show how completely the group is recorded, or say why that cannot be told."""
    outcome = page.evaluation.outcomes.primary.indicator
    coding = group_recorded(audit, page.recorded, outcome)
    name = group_word(page.evaluation)
    if len(coding):
        page.show(
            "coding", figures.completeness_heatmap, coding, item=name, rows="unit", group="",
            graded=True,
        )  # fmt: skip
        return
    reason = (
        "Cannot be told: no source has a row for people of unknown group. People may be missing "
        "from every group alike, or from some more than from others."
    )
    _show_fact(page, "coding", f"Share of people whose {name} is recorded", reason)


def show_no_secondary(page: Page) -> None:
    """Say that the protocol names no secondary outcome, where it names none."""
    if not page.evaluation.outcomes.secondary:
        _show_fact(page, "no-secondary", "Secondary outcomes", "None is named in the protocol.")


def show_not_tested(page: Page, analysis: Analysis) -> None:
    """Say why it is not tested whether the effect lasts, where it is not."""
    if not analysis.frame("sustained").empty:
        return
    if page.evaluation.robustness.retention_margin is None:
        reason = "Not tested: the protocol fixed no share of the early effect that must be left."
    else:
        reason = (
            "Cannot say: no early and later effect with an interval can be held against each other."
        )
    _show_fact(page, "not-tested", "Whether the effect lasts", reason)


def _show_fact(page: Page, artefact_id: str, item: str, words: str) -> None:
    fact = pd.DataFrame([(item, words)], columns=["item", "words"])
    page.show(artefact_id, layouts.facts, fact, caption=item)
