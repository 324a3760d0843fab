"""The audit finds what is missing, unequal, broken and provisional, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from equieval.data import Audit, audit, load_observations
from equieval.protocol import Evaluation

ROWS = (
    *("2010,all,40,6", "2010,poorer,10,1", "2010,richer,10,1"),
    *("2011,all,,", "2011,poorer,,", "2011,richer,,"),
    *("2012,all,20,2", "2012,poorer,10,1", "2012,richer,10,1", "2012,,12345,3"),
    *("2013,all,12365,5", "2013,poorer,10,", "2013,richer,10,1", "2013,,12345,3"),
)


@pytest.fixture
def found(root: Path, evaluation: Callable[..., Evaluation], write: Callable[..., Path]) -> Audit:
    write(*ROWS)
    of_births = evaluation(
        status="mixed",
        breaks=[{"period": "2012", "note": "new register"}],
        missing_because={"stillbirth": {"2013": "late returns"}},
    )
    return audit(load_observations(of_births, root), of_births)


def test_completeness_marks_what_is_recorded(found: Audit) -> None:
    recorded = found.completeness.set_index(["period", "stratum"])["recorded"]
    assert recorded[(pd.Period("2010", "Y"), "poorer")] == 1
    assert recorded[(pd.Period("2011", "Y"), "poorer")] == 0
    assert recorded[(pd.Period("2010", "Y"), "missing")] == 0
    assert list(found.completeness.columns) == [
        "unit",
        "period",
        "stratum",
        "indicator",
        "recorded",
        "withheld",
        "numerator",
        "denominator",
    ]


def test_totals_that_strata_do_not_add_up_to_are_listed(found: Audit) -> None:
    unequal = found.consistency.set_index("part")
    # 2012: total 2 of 22 against 1 + 1 + 3 of 11 + 11 + 12,348. In 2010 and 2013 a stratum
    # is missing, so that nothing can be held against the total of stillbirths.
    assert set(unequal["period"]) == {pd.Period("2012", "Y")}
    assert unequal.loc["numerator", ["total", "sum_of_strata", "difference"]].to_list() == [
        2,
        5,
        -3,
    ]
    assert unequal.loc["denominator", "sum_of_strata"] == 12_370
    assert found.compared == 2


def test_missing_figures_carry_their_reason(found: Audit) -> None:
    reasons = found.missing[found.missing["stratum"] == "poorer"].groupby("period")["reason"]
    assert reasons.first()[pd.Period("2013", "Y")] == "late returns"
    assert reasons.first()[pd.Period("2011", "Y")] == ""


def test_every_finding_asks_for_something(found: Audit) -> None:
    words = "\n".join(found.actions)
    assert "for 2011: the series has a gap there" in words
    assert "for 2013, where there are any; missing because: late returns." in words
    assert "do not add up to the published total in 2012" in words
    assert "Improve the coding of groups (half)" in words
    assert "break at 2012: new register" in words
    assert "partly provisional" in words


def test_actions_hold_no_count(found: Audit) -> None:
    words = "\n".join(found.actions)
    assert not any(count in words for count in ("12345", "12,345", "12348", "12370", "12,370"))


def test_a_change_of_source_is_a_break(
    root: Path, evaluation: Callable[..., Evaluation], write: Callable[..., Path]
) -> None:
    write("2010,poorer,10,1", "2010,richer,10,1")
    write("2011,poorer,10,1", "2011,richer,10,1", name="later.csv")
    two = evaluation({"id": "later", "path": "data/later.csv"})
    found = audit(load_observations(two, root), two)
    assert found.breaks[["period", "source"]].values.tolist() == [[pd.Period("2011", "Y"), "later"]]
    assert "another source" in found.breaks["note"][0]


def test_data_without_a_flaw_ask_for_nothing(
    root: Path, evaluation: Callable[..., Evaluation], write: Callable[..., Path]
) -> None:
    write("2010,all,20,2", "2010,poorer,10,1", "2010,richer,10,1")
    good = evaluation()
    found = audit(load_observations(good, root), good)
    assert found.actions == ()
    assert found.missing.empty
    assert found.breaks.empty
    assert found.breaks["period"].dtype == pd.PeriodDtype("Y-DEC")
    assert found.compared == 2
