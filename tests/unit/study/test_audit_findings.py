"""The audit finds what the synthetic truth knows, and asks for an action on each finding.

The truth is that of `equieval.data.synthetic.audit_sources`: true rates and gaps, how completely
each source records each group, and in which ways the sources disagree.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from audit_worlds import Blocks, drawn_audit

from equieval.data.synthetic import (
    BOOKING_BY_ETHNIC_GROUP,
    Disagreements,
    Recording,
    Synthetic,
    audit_sources,
)
from equieval.study import audit_summary, audits
from equieval.study.audit_coding import published_coding
from equieval.study.audit_evidence import UNNAMED, Evidence, bounds_at
from equieval.study.audit_findings import Finding, findings

LARGE = replace(BOOKING_BY_ETHNIC_GROUP, births=60_000)
Found = tuple[Synthetic, Evidence]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """A place so large that chance hardly blurs what the sources get wrong."""
    drawn = audit_sources(5, LARGE)
    return drawn, audits.evidence_of(*drawn_audit(tmp_path_factory.mktemp("audit"), drawn))


def truth_of(drawn: Synthetic) -> pd.Series:
    return drawn.estimands.set_index(["measure", "stratum"])["observed"]


def told(drawn: Synthetic, source: str, way: str) -> Any:
    return next(
        row["amount"]
        for row in drawn.truth["disagreements"]
        if (row["source"], row["way"]) == (source, way)
    )


def of_kind(evidence: Evidence, kind: str) -> dict[str, Finding]:
    return {one.about: one for one in findings(evidence) if one.kind == kind}


def test_it_finds_how_many_more_or_fewer_people_each_source_counts(found: Found) -> None:
    drawn, evidence = found
    usual = evidence.agreement["by_period"].groupby("source")["usual"].first()
    assert usual["provider"] == pytest.approx(1 + told(drawn, "provider", "coverage"), abs=0.003)
    assert usual["council"] == pytest.approx(1 - told(drawn, "council", "registration"), abs=0.003)
    assert set(of_kind(evidence, "counts")) == {"provider", "council"}


def test_it_finds_the_quarter_that_is_not_all_there_yet(found: Found) -> None:
    drawn, evidence = found
    ((label, share),) = told(drawn, "provider", "provisional").items()
    table = evidence.agreement["by_period"]
    odd = table[table["judgement"] != "agrees"]
    assert [str(period) for period in odd["period"]] == [label.replace("-", "")]
    assert float((odd["estimate"] / odd["usual"]).iloc[0]) == pytest.approx(1 - share, abs=0.005)
    assert set(of_kind(evidence, "period")) == {"provider"}
    assert "partly provisional" in of_kind(evidence, "period")["provider"].finding


def test_it_finds_how_completely_each_group_is_recorded(found: Found) -> None:
    drawn, evidence = found
    recorded = drawn.truth["recording"]["national"]
    table = evidence.agreement["coded_by_group"].set_index("stratum")
    for group, expected in recorded.items():
        row = table.loc[group]
        assert row["estimate"] == pytest.approx(100 * expected["coded"], abs=0.6)
        assert row["ci_low"] <= 100 * expected["coded"] <= row["ci_high"]
    whole = evidence.agreement["coded"]
    whole = whole[whole["organisation"] == "all"].set_index("source")["estimate"]
    births = drawn.expected.groupby("stratum")["births"].sum()
    for source in ("national", "provider"):
        coded = pd.Series({g: row["coded"] for g, row in drawn.truth["recording"][source].items()})
        expected = 100 * float((coded * births).sum() / births.sum())
        assert whole[source] == pytest.approx(expected, abs=0.5)
    words = of_kind(evidence, "coding")["national"].finding
    worst = min(recorded, key=lambda group: recorded[group]["coded"])
    assert f"for fewer than 95% in the {worst} (" in words
    assert "Who is not recorded differs" in words


def test_it_finds_the_trust_and_quarters_that_are_missing(found: Found) -> None:
    drawn, evidence = found
    ((trust, quarters),) = told(drawn, "national", "missing").items()
    finding = of_kind(evidence, "missing")
    assert set(finding) == {"national"}
    first, last = (quarters[end].replace("-", " ") for end in (0, -1))
    assert f"{trust} for {first} to {last}" in finding["national"].finding


def test_it_finds_the_groups_that_a_source_files_elsewhere(found: Found) -> None:
    drawn, evidence = found
    filed = told(drawn, "council", "categories")
    words = of_kind(evidence, "categories")["council"].finding
    assert "no figures for the groups Mixed and Not known" in words
    assert f"Its count of people in the {filed['Mixed']} ethnic group is" in words


def test_it_finds_that_the_sample_reaches_others_and_how_far_apart_it_is(found: Found) -> None:
    drawn, evidence = found
    odds, true = told(drawn, "voluntary-sector", "selection"), truth_of(drawn)
    table = evidence.inequality["rates"]
    table = table[table["source"] == "voluntary-sector"].set_index("stratum")
    for group, row in table.iterrows():
        early = true["rate", group] / 100
        expected = 100 * early / (early + odds * (1 - early))
        assert row["ci_low"] - 2 < expected < row["ci_high"] + 2
    words = of_kind(evidence, "sample")["voluntary-sector"].finding
    assert "no figures for people in the White ethnic group" in words
    assert "4 of 8 quarters" in words


def test_it_finds_that_counts_are_rounded(found: Found) -> None:
    drawn, evidence = found
    finding = of_kind(evidence, "rounding")
    assert set(finding) == {"national"}
    assert f"multiple of {told(drawn, 'national', 'rounding')}" in finding["national"].finding


def test_the_true_gaps_lie_within_the_bounds(found: Found) -> None:
    drawn, evidence = found
    limits, true = bounds_at(evidence, audits.PLAUSIBILITY).set_index("stratum"), truth_of(drawn)
    assert set(limits.index) == {"Black", "Asian", "Mixed", "Other"}
    for group, row in limits.iterrows():
        assert row["ci_low"] < true["gap", group] < row["ci_high"]
    assert set(of_kind(evidence, "gap")) == set(limits.index)


def test_coding_as_published_is_held_against_that_of_the_counts(
    tmp_path: Path, found: Found
) -> None:
    drawn, evidence = found
    spoilt = drawn.companions["ethnic-coding"].copy()
    provider = spoilt["reported_by"].str.endswith("(provider)")
    spoilt.loc[provider, "valid_ethnic_category"] -= spoilt.loc[provider, "records"] // 20
    companions = {**drawn.companions, "ethnic-coding": spoilt}
    _, observations = drawn_audit(tmp_path, replace(drawn, companions=companions))
    table = published_coding(observations, evidence.found)
    apart = table.groupby("label")["difference"].mean()
    assert apart["National"] == pytest.approx(0, abs=0.05)
    assert apart["Provider"] == pytest.approx(-5, abs=0.1)


def test_every_action_names_its_finding_who_would_act_and_how_it_will_be_seen(
    found: Found,
) -> None:
    _, evidence = found
    listed = audits.actions(evidence)
    assert list(listed["number"]) == [str(place) for place in range(1, len(listed) + 1)]
    for column in ("action", "finding", "owner", "metric"):
        assert listed[column].str.len().gt(15).all(), column
    assert UNNAMED not in set(listed["owner"])
    # Gaps first, the largest first of all.
    gaps = listed[listed["part"] == audits.GAPS]
    true = truth_of(found[0])
    assert list(gaps["about"]) == sorted(gaps["about"], key=lambda g: -true["gap", g])
    assert list(listed["part"]) == sorted(listed["part"], key=[audits.GAPS, audits.DATA].index)


def test_sources_without_flaws_are_asked_for_nothing(tmp_path: Path) -> None:
    whole = Recording(1.0, event_difference=0.0)
    agreed = Disagreements(whole, whole, 1, 0, 0.0, 0.0, 0.0, 1.0, 1.0)

    def final(blocks: Blocks) -> None:
        for source in blocks["data"]["sources"]:
            source["status"] = "final"
        for source in blocks["design"]["sources"]:
            source.pop("owner", None)

    drawn = audit_sources(5, disagreements=agreed)
    evidence = audits.evidence_of(*drawn_audit(tmp_path, drawn, final))
    kinds = {one.kind for one in findings(evidence)}
    # The council has no row for Mixed, and the sample no White and half the quarters, as ever.
    assert kinds & {"coding", "missing", "counts", "period", "rounding"} == set()
    assert {"gap", "categories", "sample"} <= kinds
    data = audits.actions(evidence, audits.DATA)
    assert set(data["owner"]) == {UNNAMED}
    assert evidence.inequality["bounds"].empty
    assert audits.gaps(evidence)["holds"].isna().all()


def test_the_answer_in_brief_states_findings_and_no_effect(found: Found) -> None:
    _, evidence = found
    headline = audit_summary.headline_record(evidence)
    assert headline["verdict"] == "gaps-found"
    assert headline["answer"].startswith(
        "In the National source the rate of booking by 10 weeks is lower for people in the Black, "
    )
    assert headline["effect_on_gap"] is headline["certainty"] is None
    assert headline["gap_found"].startswith("Black ethnic group: ")
