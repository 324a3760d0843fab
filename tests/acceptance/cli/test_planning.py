"""Before there is anything to run: a new evaluation begun, and what it could find."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from commands import Equieval
from evaluations import ENGLAND, PROJECT, write_made_up

COMPARISON = "smokefree-pathway-smoking-at-delivery"


@pytest.fixture
def comparison(project: Path) -> Path:
    """The parameters file of the comparison of LMNSs; its data are in every project."""
    path = project / "params" / f"{COMPARISON}.yaml"
    path.write_bytes((PROJECT / "params" / path.name).read_bytes())
    return path


def test_a_new_evaluation_is_checked_line_by_line_until_all_is_stated(
    project: Path, equieval: Equieval
) -> None:
    said = equieval("new", "smoking-in-pregnancy", "--design", "did")
    assert (said.code, said.err) == (0, "")
    assert "wrote params/smoking-in-pregnancy.yaml" in said.out
    text = (project / "params" / "smoking-in-pregnancy.yaml").read_text(encoding="utf-8")
    left = equieval("check", "smoking-in-pregnancy")
    assert left.code == 2
    for number, line in enumerate(text.splitlines(), start=1):
        if "TO BE STATED" in line and not line.lstrip().startswith("#"):
            assert f"params/smoking-in-pregnancy.yaml:{number}, " in left.err
    again = equieval("new", "smoking-in-pregnancy")
    assert again.code == 2
    assert "already" in again.err


def test_what_a_comparison_could_find_is_told_without_what_came_after(
    comparison: Path, equieval: Equieval
) -> None:
    few = ("--replications", "100", "--json")
    found = equieval("power", COMPARISON, *few)
    assert found.code == 0
    outcome, gap = found.json["answers"]
    assert (outcome["measure"], gap["measure"]) == ("rate", "sii")
    assert 0 < outcome["with_twice_the_periods_after"] < outcome["effect"] < outcome["before"]
    assert outcome["relative"] == pytest.approx(outcome["effect"] / outcome["before"])
    # The whole data set, with what came after the start, is not needed and changes nothing.
    data = (
        comparison.parents[1] / yaml.safe_load(comparison.read_text())["data"]["sources"][0]["path"]
    )
    header, *rows = data.read_text(encoding="utf-8").splitlines()
    month = header.split(",").index("month")
    earlier = [row for row in rows if row.split(",")[month] < "2022-10"]
    assert len(earlier) < len(rows)
    data.write_text("\n".join([header, *earlier]) + "\n", encoding="utf-8")
    alone = equieval("power", str(comparison), *few)
    assert alone.code == 0
    assert [each["curve"] for each in alone.json["answers"]] == [outcome["curve"], gap["curve"]]


def test_a_series_that_can_find_nothing_says_why_and_what_would_help(
    project: Path, equieval: Equieval
) -> None:
    said = equieval("power", ENGLAND, "--replications", "100", "--progress")
    assert said.code == 2
    assert (
        "degrees of freedom of the primary estimate 2.1 (at an autocorrelation of 0.4), where"
        in said.err
    )
    assert f"params/{ENGLAND}.yaml:" in said.err
    assert "twice as many periods after the start would do" in said.err
    assert "simulating: gap" in said.err
    assert "nothing later was read" in said.out


def test_more_periods_after_the_start_are_a_matter_of_planning(
    project: Path, equieval: Equieval
) -> None:
    write_made_up(project, "births", births_per_period=60_000)
    few, many = (
        equieval("power", "births", "--periods-after", count, "--replications", "100", "--json")
        for count in ("12", "36")
    )
    assert (few.code, many.code) == (0, 0), few.err + many.err
    assert (few.json["periods_after"], many.json["periods_after"]) == (12, 36)
    for before, after in zip(few.json["answers"], many.json["answers"], strict=True):
        assert after["effect"] < before["effect"]
    none = equieval("power", "births", "--periods-after", "1")
    assert none.code == 2
    assert "too few points are planned" in none.err
    assert "params/births.yaml:" in none.err
    assert "--periods-after" in none.err


def test_check_names_units_left_out_and_months_that_were_likely_not_supplied(
    comparison: Path, equieval: Equieval
) -> None:
    source = yaml.safe_load(comparison.read_text(encoding="utf-8"))["data"]["sources"][0]
    data = comparison.parents[1] / source["path"]
    table = pd.read_csv(data, dtype=str)
    stops = (table["lmns"] == "Glenhallow LMNS") & (table["month"] >= "2022-10")
    table.loc[table["month"] == "2021-05", "smokers"] = "0"
    table[~stops].to_csv(data, index=False)
    said = equieval("check", COMPARISON)
    assert (said.code, said.err) == (0, "")
    assert "left out: Glenhallow LMNS (no figure for 2022-10, 2022-11" in said.out
    assert "figures of smoking at delivery of all units for May 2021 are right" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("power", COMPARISON, "--power", "80"), "between 0 and 1"),
        (("power", "smokefre"), "there is no evaluation 'smokefre'"),
        (("new", "Mine"), "cannot be the id"),
        (("new", "mine", "--design", "itss"), "did you mean 'its'?"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    comparison: Path, equieval: Equieval, arguments: tuple[str, ...], words: str
) -> None:
    said = equieval(*arguments)
    assert said.code == 2
    assert words in said.err
