"""Groups without an order go by their names: nothing calls them more or less deprived."""

from __future__ import annotations

import pandas as pd
import pytest

from equieval.present import figures, narrative

from .conftest import UNIT
from .panel_builds import RATE, group_frame

PAIR = ["Black or Black British, Core20", "White British, not Core20"]
WORST = "the Black or Black British, Core20 group"
ENDS = pd.DataFrame(
    {"stratum": PAIR, "counterfactual": [30.0, 40.0], "fitted": [34.0, 41.0],
     "estimate": [4.0, 1.0], "ci_low": [2.0, -1.0], "ci_high": [6.0, 3.0]}
)  # fmt: skip
GAPS = pd.DataFrame({"period": ["2020", "2021"], "estimate": 2.0, "ci_low": 1.0, "ci_high": 3.0})
HEADLINE = pd.DataFrame(
    {"panel": ["group", "group", "gap"], "label": [*PAIR, "Difference between the two"],
     "estimate": [4.0, 1.0, -3.0], "ci_low": [2.0, -1.0, -5.0], "ci_high": [6.0, 3.0, -1.0]}
)  # fmt: skip
BASELINE = pd.DataFrame(
    {"estimand": ["rate", "rate", "gap"], "stratum": [*PAIR, None], "estimate": [30.0, 40.0, 10.0],
     "ci_low": [28.0, 38.0, 7.0], "ci_high": [32.0, 42.0, 13.0], "time": "2019"}
)  # fmt: skip
GAP = pd.DataFrame(
    {"id": ["gap", "effect", "before"], "estimand": "gap: average effect up to the horizon",
     "scale": "absolute", "estimate": [-3.0, 2.0, 10.0], "ci_low": [-5.0, 1.0, 7.0],
     "ci_high": [-1.0, 3.0, 13.0], "horizon": "2022"}
)  # fmt: skip


def _told() -> dict[str, str]:
    """Everything that is said and drawn of two named groups, by maker."""
    rates = group_frame(PAIR)
    pictures = {
        "rates": figures.rates_by_group(rates, group="", **RATE),
        "equiplot": figures.equiplot(rates, group="", **RATE),
        "levelling": figures.levelling(ENDS, polarity="high", group="", **RATE),
        "gap": figures.gap_series(GAPS, measure="difference", worst_off=WORST),
        "headline": figures.headline(HEADLINE, measure="difference", polarity="high", **RATE),
    }
    said = {
        name: " ".join(
            [picture.title, picture.subtitle, picture.alt, picture.note,
             *(text.get_text() for text in picture.figure.texts)]
        )
        for name, picture in pictures.items()
    }  # fmt: skip
    words = {"outcome": "booking rate", "unit": "% of bookings", "polarity": "high"}
    told = {
        "baseline": narrative.baseline_statement(BASELINE, **words),
        "moved": narrative.levelling_statement(ENDS, group="", **words),
        "effect": narrative.effect_statement(
            GAP.iloc[:1], design="staggered-did", intervention="the teams", quantity="gap",
            worst_off=WORST, **words,
        ),
        "points": narrative.key_points(
            GAP, gap="ethnic gap in booking", measure="difference", measure_unit="% of bookings",
            design="staggered-did", intervention="the teams", primary="gap", effect="effect",
            baseline="before", certainty="low", worst_off=WORST, **words,
        ),
    }  # fmt: skip
    return said | {name: statement.markdown for name, statement in told.items()}


def test_nothing_says_deprived_of_groups_that_have_no_order() -> None:
    for name, words in _told().items():
        assert "deprived" not in words, name
        assert "decile" not in words, name


@pytest.mark.parametrize(
    ("maker", "words"),
    [
        ("rates", f"lower in {WORST} than in the White British, not Core20 group"),
        ("equiplot", f"The booking rate of {WORST} was"),
        ("levelling", f"The {WORST.removeprefix('the ')} improved"),
        ("gap", f"to the disadvantage of {WORST}"),
        ("baseline", f"10.0 percentage points against {WORST}"),
        ("moved", f"**The {WORST.removeprefix('the ')} improved"),
        ("effect", f"to the advantage of {WORST}"),
        ("points", f"{WORST} fared worse"),
    ],
)
def test_each_maker_calls_the_groups_by_name(maker: str, words: str) -> None:
    assert words in _told()[maker]


def test_up_to_four_named_groups_are_all_labelled() -> None:
    four = figures.rates_by_group(group_frame(["Asian", "Black", "Mixed", "White"]), **RATE)
    labels = {text.get_text() for text in four.figure.texts}
    assert {"Asian", "Black", "Mixed", "White"} <= labels
    five = figures.rates_by_group(
        group_frame(["Asian", "Black", "Mixed", "Other", "White"]), **RATE
    )
    labels = {text.get_text().replace("\n", " ") for text in five.figure.texts}
    assert {"Asian", "White", "The other 3 groups"} <= labels


def test_a_change_in_percentages_is_told_in_points() -> None:
    picture = figures.equiplot(group_frame(PAIR), **RATE)
    assert "3.00 percentage points below" in picture.title


@pytest.mark.parametrize(
    ("design", "said"), [("did", "On average up to 2022 the "), ("its", "In 2022 the ")]
)
def test_averages_up_to_the_horizon_are_told_apart_from_effects_at_it(
    design: str, said: str
) -> None:
    words = {**RATE, "measure": "difference", "horizon": "2022", "design": design}
    assert figures.headline(HEADLINE, **words).title.startswith(said)
    moved = figures.levelling(ENDS, horizon="2022", design=design, **RATE)
    assert moved.title.startswith(said)
    average = design == "did"
    rows = GAP.iloc[:1] if average else GAP.iloc[:1].assign(estimand="gap: effect at horizon")
    effect = narrative.effect_statement(
        rows, outcome="gap", unit=UNIT, design="did", intervention="it", quantity="gap"
    ).markdown
    assert effect.startswith(said.replace(" the ", ","))
    estimand = narrative.estimand_words(
        rows, outcome="gap", unit=UNIT, design="did", intervention="it", population="all births"
    ).markdown
    assert (r"\bar{Y}(1)" in estimand) == average
    assert ("Y_t(1)" in estimand) != average
