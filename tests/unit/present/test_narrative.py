from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest

from equieval.errors import InputError
from equieval.present import narrative, wording
from equieval.present.wording import Result, levelling_verdict

from .conftest import UNIT, opposite

ITS = {"design": "its", "intervention": "the care bundle", "start": "2016"}
CAUSAL = (
    "reduce", "increased", "decreased", "caused", "led to", "because of", "due to", "thanks to",
    "resulted", "impact", "achiev", "prevented", "saved", "effective", "worked",
)  # fmt: skip


def _effect(data: pd.DataFrame, **words: object) -> str:
    given = {"outcome": "stillbirth rate", "unit": UNIT, **ITS, **words}
    return narrative.effect_statement(data, **given).markdown  # type: ignore[arg-type]


def _points(data: pd.DataFrame, **words: object) -> str:
    given = {
        "outcome": "stillbirth rate", "unit": UNIT, "gap": "deprivation gap in stillbirth",
        "measure": "slope index of inequality", "measure_unit": UNIT, "design": "its",
        "intervention": "the care bundle", "primary": "gap", "effect": "effect",
        "baseline": "before", "certainty": "low", "certainty_reasons": ("no comparison",),
        "would_change": ("monthly data",), **words,
    }  # fmt: skip
    return narrative.key_points(data, **given).markdown  # type: ignore[arg-type]


def test_an_effect_is_told_with_unit_interval_and_both_scales(estimates: pd.DataFrame) -> None:
    words = _effect(estimates.iloc[:2])
    assert "In 2022, the stillbirth rate" in words
    assert f"**0.58 {UNIT} higher** than the trend before 2016" in words
    assert "95% interval 0.20 to 0.96 higher; 7.4 degrees of freedom" in words
    assert "17% higher than expected (95% interval 5% to 31% higher" in words
    assert "which is worse" in words


def test_opposite_numbers_get_opposite_words(estimates: pd.DataFrame) -> None:
    words = _effect(opposite(estimates.iloc[:2]))
    assert f"**0.58 {UNIT} lower**" in words
    assert "95% interval 0.20 to 0.96 lower" in words
    assert "15% lower than expected" in words
    assert "which is better" in words
    assert "higher" not in words


def test_polarity_turns_the_judgement_and_not_the_direction(estimates: pd.DataFrame) -> None:
    words = _effect(estimates.iloc[:1], polarity="high")
    assert "higher than expected, which is better" in words
    neutral = _effect(estimates.iloc[:1], polarity="neutral")
    assert "better" not in neutral
    assert "worse" not in neutral


@pytest.mark.parametrize("polarity", ["low", "high"])
def test_a_wider_gap_is_worse_for_the_most_deprived_whatever_the_polarity(
    estimates: pd.DataFrame, polarity: str
) -> None:
    gap = estimates.loc[estimates["id"] == "gap"]
    narrower = _effect(gap, quantity="gap", polarity=polarity)
    wider = _effect(opposite(gap), quantity="gap", polarity=polarity)
    assert "narrower than expected, to the advantage of the most deprived" in narrower
    assert "wider than expected, to the disadvantage of the most deprived" in wider


def test_an_interval_that_includes_no_difference_shows_no_change(estimates: pd.DataFrame) -> None:
    unclear = estimates.iloc[:1].assign(ci_low=-0.91, ci_high=2.08)
    words = _effect(unclear)
    assert "0.91 lower to 2.08 higher" in words
    assert "do not show whether the stillbirth rate changed" in words
    assert "worse" not in words


def test_a_missing_estimate_is_told_as_such(estimates: pd.DataFrame) -> None:
    absent = estimates.iloc[:1].assign(estimate=math.nan)
    assert "cannot be estimated" in _effect(absent)


def test_log_estimates_are_told_as_ratios(estimates: pd.DataFrame) -> None:
    log = estimates.iloc[:1].assign(
        scale="log", estimate=math.log(1.17), ci_low=math.log(1.05), ci_high=math.log(1.31)
    )
    assert "**17% higher**" in _effect(log)


@pytest.mark.parametrize("design", sorted(wording.EXPECTED))
@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("polarity", ["low", "high", "neutral"])
def test_no_verb_of_cause_whatever_the_numbers(
    estimates: pd.DataFrame, design: str, turn: bool, polarity: str
) -> None:
    data = opposite(estimates) if turn else estimates
    said = [
        _effect(data.iloc[:2], design=design, polarity=polarity),
        _effect(data.iloc[2:3], design=design, quantity="gap"),
        _points(data, design=design, polarity=polarity),
        *(
            narrative.verdict_statement(
                data, subject="gap", intervention="the bundle", quantity=quantity,
                polarity=polarity, estimate_id=name, unit=UNIT,
            ).markdown
            for quantity, name in (("gap", "gap"), ("outcome", "effect"))
        ),
    ]  # fmt: skip
    for words, verb in itertools.product(said, CAUSAL):
        assert verb not in words.casefold()


def test_key_points_follow_from_the_numbers(estimates: pd.DataFrame) -> None:
    words = _points(estimates)
    assert "**The deprivation gap in stillbirth was narrower than expected" in words
    assert "The stillbirth rate was worse than expected" in words
    assert "In 2015 the slope index of inequality was 3.15" in words
    assert "the most deprived fared worse" in words
    assert "Certainty of the evidence: **low**" in words
    turned = _points(opposite(estimates))
    assert "**The deprivation gap in stillbirth was wider than expected" in turned
    assert "The stillbirth rate was better than expected" in turned
    assert "the most deprived fared better" in turned
    assert 3 <= len(words.splitlines()) <= 5


def test_cannot_say_is_said_first_with_its_reason_and_remedy(estimates: pd.DataFrame) -> None:
    words = narrative.verdict_statement(
        estimates, subject="deprivation gap", intervention="the care bundle", unit=UNIT,
        estimate_id="gap", verdict="cannot-say", reasons=["six points precede the start"],
        would_change=["monthly data by trust"],
    ).markdown  # fmt: skip
    assert words.startswith("**These data cannot say whether the deprivation gap changed")
    assert "not to be relied on: 0.98" in words
    assert "- Six points precede the start." in words
    assert "What would change this answer:\n\n- Monthly data by trust." in words


@pytest.mark.parametrize("bold", ["widened", "narrowed"])
def test_a_verdict_bolder_than_the_numbers_is_refused(estimates: pd.DataFrame, bold: str) -> None:
    unclear = estimates.loc[estimates["id"] == "gap"].assign(ci_low=-2.0, ci_high=0.04)
    with pytest.raises(InputError, match="not what the numbers say"):
        narrative.verdict_statement(unclear, subject="gap", intervention="the bundle", verdict=bold)


def test_without_an_interval_the_answer_is_cannot_say(estimates: pd.DataFrame) -> None:
    bare = estimates.loc[estimates["id"] == "gap"].assign(ci_low=math.nan)
    words = narrative.verdict_statement(bare, subject="gap", intervention="the bundle").markdown
    assert "cannot say" in words
    with pytest.raises(InputError):
        narrative.verdict_statement(
            bare, subject="gap", intervention="the bundle", verdict="no-clear-change"
        )


def test_an_unknown_estimate_is_named_with_the_one_meant(estimates: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="did you mean 'effect'"):
        _points(estimates, effect="efect")


def test_baseline_words_carry_the_published_figures() -> None:
    # England 2022, deciles: gap 1.3581 (se .3904), ratio 1.368, SII 1.9038 (se .2914),
    # RII 1.6389; rates 5.04 and 3.69 per 1,000 from the ONS counts.
    rows = [
        ("rate", "1", 5.0442, 4.55, 5.54), ("rate", "10", 3.6861, 3.11, 4.26),
        ("gap", None, 1.3581, 0.5929, 2.1233), ("ratio", None, 1.368, 1.14, 1.64),
        ("sii", None, 1.9038, 1.3327, 2.4749), ("rii", None, 1.6389, 1.4, 1.92),
        ("concentration-index-relative", None, 0.080, 0.056, 0.104),
    ]  # fmt: skip
    data = pd.DataFrame(rows, columns=["estimand", "stratum", "estimate", "ci_low", "ci_high"])
    data["time"] = "2022"
    words = narrative.baseline_statement(data, outcome="stillbirth rate", unit=UNIT).markdown
    assert "**5.04** in the most deprived decile" in words
    assert f"**3.69 {UNIT}** in the least deprived" in words
    assert f"1.36 {UNIT} against the most deprived (95% interval 0.59 to 2.12)" in words
    assert f"1.90 {UNIT} against the most deprived (95% interval 1.33 to 2.47)" in words
    assert "1.64 (95% interval 1.40 to 1.92)" in words
    turned = data.assign(
        estimate=-data["estimate"], ci_low=-data["ci_high"], ci_high=-data["ci_low"]
    )
    words = narrative.baseline_statement(turned, outcome="stillbirth rate", unit=UNIT).markdown
    assert "in favour of the most deprived" in words


def test_adequacy_follows_the_worst_requirement() -> None:
    data = pd.DataFrame(
        {
            "criterion": ["points before the start", "points after the start"],
            "found": [6, 8],
            "needed": ["at least 12", "at least 3"],
            "judgement": ["cannot say", "can carry"],
            "reason": ["a trend from six points is weak", ""],
        }
    )
    words = narrative.adequacy_statement(data).markdown
    assert words.startswith("**These data cannot carry the estimates**: one of 2 requirements")
    assert "Points before the start: 6 found, at least 12 needed" in words
    assert "points after" not in words.casefold()
    enough = narrative.adequacy_statement(data.assign(judgement="can carry")).markdown
    assert enough == "**These data can carry the estimates**: all 2 requirements are met."
    with pytest.raises(InputError, match="cannot say"):
        narrative.adequacy_statement(data.assign(judgement="cannt say"))


def test_the_estimand_is_told_in_words_and_symbols(estimates: pd.DataFrame) -> None:
    words = narrative.estimand_words(
        estimates.loc[estimates["id"] == "gap"], outcome="stillbirth rate", unit=UNIT,
        population="All births in England", measure="slope index of inequality", **ITS,
    ).markdown  # fmt: skip
    for part in ("Population", "Outcome", "Contrast", "Scale", "Time"):
        assert f"**{part}:**" in words
    assert r"$\theta = I\{Y_t(1)\} - I\{Y_t(0)\}$" in words
    ratio = narrative.estimand_words(
        estimates.loc[estimates["id"] == "ratio"], outcome="stillbirth rate", unit=UNIT,
        population="All births in England", **ITS,
    ).markdown  # fmt: skip
    assert r"\mathrm{E}\{Y_t(1)\} \, / \, \mathrm{E}\{Y_t(0)\}" in ratio


@pytest.mark.parametrize(
    ("done", "named"),
    [
        ("each unit counts the same", "(the average effect per trust among the treated)"),
        ("each person counts the same", "(the average effect per person among the treated)"),
    ],
)
def test_the_estimand_is_named_by_who_counts_in_what_was_done(
    estimates: pd.DataFrame, done: str, named: str
) -> None:
    words = narrative.estimand_words(
        estimates.loc[estimates["id"] == "gap"].assign(weighting=done),
        outcome="stillbirth rate", unit=UNIT, population="24 trusts", compared="trust",
        weighting="each person counts the same; group shares are fixed",
        adjusted="the booking rate before the start", **ITS,
    ).markdown  # fmt: skip
    assert f"**Weighting:** {done} {named}; group shares are fixed" in words.replace("\\", "")
    assert "**Adjusted for:** the booking rate before the start" in words


def test_synthetic_evidence_is_not_rated(estimates: pd.DataFrame) -> None:
    words = narrative.certainty_statement(estimates, certainty="not-rated").markdown
    assert "not rated" in words
    assert "**" not in words


def test_words_from_parameters_cannot_become_markup(estimates: pd.DataFrame) -> None:
    words = _effect(estimates.iloc[:1], outcome="<script>x</script> *rate* {{< y >}} $z$")
    assert r"\<script\>x\</script\> \*rate\* \{\{\< y \>\}\} \$z\$" in words


def test_a_statement_keeps_the_numbers_it_was_written_from(estimates: pd.DataFrame) -> None:
    statement = narrative.effect_statement(
        estimates.iloc[:2], outcome="stillbirth rate", unit=UNIT, **ITS
    )
    assert list(statement.numbers["id"]) == ["effect", "ratio"]


UP, DOWN, FLAT = Result(1, 0.5, 1.5), Result(-1, -1.5, -0.5), Result(0.1, -0.5, 0.7)


@pytest.mark.parametrize(
    ("most", "least", "verdict"),
    [
        (DOWN, FLAT, "levelled-up"), (FLAT, UP, "levelled-down"), (DOWN, UP, "both-moved-closer"),
        (DOWN, DOWN, "both-improved"), (UP, UP, "both-worsened"), (FLAT, DOWN, "left-behind"),
        (UP, FLAT, "fell-behind"), (UP, DOWN, "both-moved-apart"), (FLAT, FLAT, "unclear"),
    ],
)  # fmt: skip
def test_levelling_says_who_moved(most: Result, least: Result, verdict: str) -> None:
    """For a low-is-good outcome; for a high-is-good one the mirror image says the same."""
    assert levelling_verdict(most, least, "low")[0] == verdict
    mirrored = [Result(-end.estimate, -end.ci_high, -end.ci_low) for end in (most, least)]
    assert levelling_verdict(mirrored[0], mirrored[1], "high")[0] == verdict
