"""How pages show what was found where no effect can be: placebo starts, outcomes and groups."""

from __future__ import annotations

import math

import pandas as pd

from equieval.present import figures, layouts, numbers
from equieval.present.periods import periods_named
from equieval.study import views
from equieval.study.analysis import Analysis
from equieval.study.control_outcomes import CONTROL_OUTCOME, PLACEBO_GROUP
from equieval.study.control_words import RULED_OUT, reading
from equieval.study.page import Page
from equieval.study.panel_options import Comparative
from equieval.study.words import measure_name, measure_unit

PLACEBO_START = "placebo start"
KINDS = (PLACEBO_START, CONTROL_OUTCOME, PLACEBO_GROUP)
_NUMBERS = ["estimate", "ci_low", "ci_high", "df"]


def show_placebos(page: Page, analysis: Analysis, estimates: pd.DataFrame) -> None:
    """Show every estimate where none can be, beside the one reported, and why none can be there.

    Parameters
    ----------
    estimates : of the pages before, with the effect as reported.
    """
    placebo, controls = analysis.frame("placebo"), analysis.frame("controls")
    primary = page.evaluation.outcomes.primary
    drawn = beside_the_reported(placebo, controls, estimates, primary.indicator, primary.measure)
    if len(drawn) > 1:
        horizon = "up to" if isinstance(page.evaluation.design, Comparative) else "at"
        page.show(
            "placebo-gap",
            figures.placebo_forest,
            drawn,
            quantity=f"change in the {page.words['measure']} {horizon} the horizon",
            unit=page.words["measure_unit"],
            below="a narrower gap",
            above="a wider gap",
        )
    page.show(
        "placebo",
        layouts.where_none_can_be,
        where_none_can_be(placebo, controls),
        caption="Effects where the intervention can have none",
        note=RULED_OUT,
    )
    if controls.empty:
        return
    page.show(
        "placebo-arguments",
        layouts.facts,
        arguments(controls),
        caption="Why the intervention can have no effect there, as argued beforehand",
        head="Where",
    )


def where_none_can_be(placebo: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    """Return what was found at placebo starts, on control outcomes and in placebo groups.

    Parameters
    ----------
    placebo, controls : the frames of these names of the robustness page.

    Returns
    -------
    DataFrame ``where, series`` (with its unit), ``id, estimate, ci_low, ci_high, df, reading,
    mark``; where none of a kind was declared, a row that says so.
    """
    asked = pd.concat([placebo, controls], ignore_index=True)
    rows = []
    for kind in KINDS:
        own = asked[asked["kind"] == kind]
        own = own.sort_values("label", key=lambda labels: pd.factorize(labels)[0], kind="stable")
        if own.empty:
            nothing = dict.fromkeys(_NUMBERS, math.nan)
            words = {"where": kind.capitalize(), "series": "None was declared beforehand"}
            rows.append({**words, "id": None, **nothing, "reading": "[z]", "mark": "[z]"})
        for row in own.to_dict("records"):
            rows.append(
                {
                    "where": _called(kind, str(row["label"])),
                    "series": _series(str(row["measure"]), str(row["outcome"])),
                    "id": row["id"],
                    **{name: row[name] for name in _NUMBERS},
                    "reading": reading(row),
                    "mark": "",
                }
            )
    return pd.DataFrame(rows)


def beside_the_reported(
    placebo: pd.DataFrame,
    controls: pd.DataFrame,
    estimates: pd.DataFrame,
    outcome: str,
    measure: str,
) -> pd.DataFrame:
    """Return the reported effect on a measure above those where none can be, for a forest plot.

    Only what is in the unit of the outcome and has an estimate that tells something; no row where
    none has.
    """
    asked = pd.concat([placebo, controls], ignore_index=True)
    unit = numbers.change_unit(measure_unit(measure, outcome))
    units = asked["outcome"].map(lambda other: numbers.change_unit(measure_unit(measure, other)))
    told = asked["estimate"].notna() & asked["ci_low"].notna()
    asked = asked[(asked["measure"] == measure) & told & (units == unit)]
    labels = [
        _called(kind, label) for kind, label in zip(asked["kind"], asked["label"], strict=True)
    ]
    if not labels:
        return asked
    reported = views.as_reported(estimates, measure, pd.Series([outcome]))
    rows = asked.assign(label=labels, primary=False)
    return pd.concat([reported, rows], ignore_index=True)


def arguments(controls: pd.DataFrame) -> pd.DataFrame:
    """Return why no effect can be there, each control once: ``item, words``."""
    named = controls.drop_duplicates(["kind", "label"])
    items = [
        _called(kind, label) for kind, label in zip(named["kind"], named["label"], strict=True)
    ]
    return pd.DataFrame({"item": items, "words": named["because"].to_numpy()})


def _called(kind: str, label: str) -> str:
    """Return what a row is called.

    >>> _called("placebo start", "placebo start in 2021-04"), _called("placebo group", "Elsewhere")
    ('Placebo start: April 2021', 'Placebo group: Elsewhere')
    """
    return f"{kind.capitalize()}: {periods_named(label.removeprefix(f'{PLACEBO_START} in '))}"


def _series(measure: str, outcome: str) -> str:
    name = measure_name(measure).capitalize()
    unit = numbers.change_unit(measure_unit(measure, outcome))
    return f"{name}, in {unit}" if unit else name
