"""What sources report is matched by organisation, period and group, or refused with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from audit_worlds import written_audit

from equieval.errors import DataError, DesignError
from equieval.study.audit_agreement import counts, rates
from equieval.study.audit_inequality import inequality
from equieval.study.audit_reported import reported

NATIONAL = (
    *("2023-Q3,A (national),Black,40,100", "2023-Q3,A (national),White,160,200"),
    *("2023-Q3,B (national),Black,10,50", "2023-Q3,B (national),White,90,150"),
    *("2023-Q4,A (national),Black,50,100", "2023-Q4,A (national),White,150,200"),
    *("2023-Q4,B (national),Black,,", "2023-Q4,B (national),White,,"),
)
PROVIDER = (
    *("2023-Q3,A (provider),Black,44,110", "2023-Q3,A (provider),White,160,200"),
    *("2023-Q4,A (provider),Black,55,110", "2023-Q4,A (provider),White,150,200"),
)
COUNCIL = (
    *("2023-Q3,Ashmere,Black,45,135", "2023-Q3,Ashmere,White,245,350"),
    *("2023-Q4,Ashmere,Black,45,135", "2023-Q4,Ashmere,White,245,350"),
)
TWO = ("Black", "White")


def test_sources_are_compared_in_the_organisations_and_periods_that_both_have(
    tmp_path: Path,
) -> None:
    found = reported(
        *written_audit(tmp_path, {"national": NATIONAL, "provider": PROVIDER}, groups=TWO)
    )
    assert set(found.matched("provider")["organisation"]) == {"A"}
    table = counts(found).set_index("stratum")
    # 220 of 200 Black, 400 of 400 White, 620 of 600 together: trust B is in one source only.
    assert table.loc["Black", "estimate"] == pytest.approx(1.1)
    assert table.loc["White", "estimate"] == 1
    assert table.loc["all", "estimate"] == pytest.approx(620 / 600)
    assert list(table["judgement"]) == ["more", "more", "agrees"]


def test_a_whole_place_is_the_sum_of_its_organisations_where_none_is_missing(
    tmp_path: Path,
) -> None:
    found = reported(
        *written_audit(tmp_path, {"national": NATIONAL, "council": COUNCIL}, groups=TWO)
    )
    pairs = found.matched("council")
    # In the fourth quarter trust B is missing: missing is not zero, so nothing is compared.
    assert set(pairs["period"]) == {pd.Period("2023Q3")}
    table = rates(found).set_index("stratum")
    assert table.loc["Black", "rate_reference"] == pytest.approx(100 * 50 / 150)
    assert table.loc["Black", "estimate"] == pytest.approx(0, abs=1e-9)
    # White: 245 of 350 (70) against 250 of 350 (71.4): within the tolerance of 2 points.
    assert table.loc["White", "judgement"] == "agrees"
    assert table["ci_low"].isna().all()


def test_a_sample_has_an_interval_and_is_told_apart_only_beyond_chance(tmp_path: Path) -> None:
    sample = ("2023-Q3,Ashmere,Black,1,12", "2023-Q3,Ashmere,White,9,12")
    tables = {"national": NATIONAL, "voluntary-sector": sample}
    found = reported(*written_audit(tmp_path, tables, groups=TWO, samples=("voluntary-sector",)))
    table = rates(found).set_index("stratum")
    assert "all" not in table.index
    # Wilson's interval of 1 in 12 is 1.5 to 35.4 (Newcombe 1998, by his formula), of 33.3 minus.
    assert table.loc["Black", "ci_low"] == pytest.approx(1.49 - 100 / 3, abs=0.02)
    assert table.loc["Black", "ci_high"] == pytest.approx(35.39 - 100 / 3, abs=0.02)
    assert list(table["judgement"]) == ["cannot tell", "cannot tell"]
    assert counts(found).empty


def test_names_may_differ_where_the_parameters_say_what_they_stand_for(tmp_path: Path) -> None:
    coded = tuple(row.replace("A (provider)", "RX1") for row in PROVIDER)
    tables = {"national": NATIONAL, "provider": coded}
    audited = {"provider": {"organisations": {"RX1": "A"}}}
    found = reported(*written_audit(tmp_path, tables, groups=TWO, audited=audited))
    assert set(found.matched("provider")["organisation"]) == {"A"}


def test_units_of_one_organisation_are_added_up_and_a_missing_part_is_missing(
    tmp_path: Path,
) -> None:
    audited = {"national": {"organisations": {"A (national)": "One", "B (national)": "One"}}}
    one = tuple(row.replace("A (provider)", "One") for row in PROVIDER)
    tables = {"national": NATIONAL, "provider": one}
    found = reported(*written_audit(tmp_path, tables, groups=TWO, audited=audited))
    pairs = found.matched("provider").set_index(["period", "stratum"])["denominator_reference"]
    assert pairs[pd.Period("2023Q3"), "Black"] == 150
    assert pd.Period("2023Q4") not in pairs.index.get_level_values("period")


@pytest.mark.parametrize(
    ("design", "kept"),
    [
        ({"first_period": "2023-Q4"}, {"2023Q4"}),
        ({"exclude_periods": ["2023-Q4"]}, {"2023Q3"}),
        ({}, {"2023Q3", "2023Q4"}),
    ],
)
def test_periods_that_the_protocol_leaves_out_are_left_out(
    tmp_path: Path, design: dict[str, object], kept: set[str]
) -> None:
    tables = {"national": NATIONAL, "provider": PROVIDER}
    found = reported(*written_audit(tmp_path, tables, groups=TWO, **design))
    assert {str(period) for period in found.cells["period"]} == kept


REFUSED = {
    "no organisation in common": (
        {"provider": tuple(row.replace("A (", "C (") for row in PROVIDER)},
        {},
        DesignError,
        "cannot be matched: one reports for 'C', the other for 'A', 'B'",
        "say under 'organisations' what each unit stands for",
    ),
    "no period in common": (
        {"provider": tuple(row.replace("2023", "2022") for row in PROVIDER)},
        {},
        DesignError,
        "have no period in common",
        "editions that overlap",
    ),
    "a unit that is not there": (
        {"provider": PROVIDER},
        {"provider": {"organisations": {"A (providers)": "A"}}},
        DesignError,
        "'provider' has no unit 'A (providers)'",
        "did you mean 'A (provider)'",
    ),
    "no figure in the audit's periods": (
        {"provider": tuple(row.replace("2023", "2024") for row in PROVIDER)},
        {},
        DataError,
        "'provider' has no figure",
        "widen the periods",
    ),
}


@pytest.mark.parametrize(
    ("others", "audited", "error", "what", "remedy"), REFUSED.values(), ids=REFUSED.keys()
)
def test_sources_that_cannot_be_matched_are_refused_with_the_remedy(
    tmp_path: Path,
    others: dict[str, tuple[str, ...]],
    audited: dict[str, dict[str, object]],
    error: type[Exception],
    what: str,
    remedy: str,
) -> None:
    audit = written_audit(tmp_path, {"national": NATIONAL, **others}, groups=TWO, audited=audited)
    with pytest.raises(error, match=re.escape(what)) as caught:
        reported(*audit)
    assert remedy in str(caught.value)


def test_two_sources_that_write_the_same_unit_are_told_how_to_name_it(tmp_path: Path) -> None:
    same = tuple(row.replace("(provider)", "(national)") for row in PROVIDER)
    with pytest.raises(DataError, match="say in the unit who reports it"):
        written_audit(tmp_path, {"national": NATIONAL, "provider": same}, groups=TWO)


def test_a_reference_source_without_the_group_compared_with_is_refused(tmp_path: Path) -> None:
    black = tuple(row for row in NATIONAL if "White" not in row)
    audit = written_audit(tmp_path, {"national": black, "provider": PROVIDER}, groups=TWO)
    with pytest.raises(DesignError, match="'national' has no figures of the group 'White'"):
        inequality(*audit)
