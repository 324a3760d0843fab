"""The portfolio and good practice: what is counted, filed and pooled, from frozen versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from equieval.errors import ReleaseError
from equieval.methods.estimates import estimates_table
from equieval.methods.synthesis import pool
from equieval.releases.renderer import ReleasePage
from equieval.releases.status import Status
from equieval.releases.version import Release
from equieval.site.portfolio import Entry, facets, portfolio, programmes
from equieval.site.practice import case_studies, pooled_evidence, topics
from equieval.site.versions import Report

Make = Callable[..., Report]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a version of an evaluation and return its report."""

    def made(
        name: str,
        *,
        effect: float = -1.0,
        error: float = 0.5,
        scale: str = "absolute",
        synthetic: bool = False,
        verdict: str = "narrowed",
        status: Status = Status.FINAL,
        intervention: bool | str = True,
        **programme: Any,
    ) -> Report:
        folder = tmp_path / "reports" / name / "v1"
        folder.mkdir(parents=True)
        parameters: dict[str, Any] = {
            "programme": {"id": "perinatal", "title": "Perinatal", **programme},
            "outcomes": {
                "primary": {"indicator": "stillbirth", "measure": "sii", "scale": scale},
                "secondary": ["neonatal-mortality"],
            },
        }
        if intervention:
            called = intervention if isinstance(intervention, str) else name.title()
            parameters["intervention"] = {"name": called, "reach": {"words": "Many."}}
        (folder / "params.yaml").write_text(yaml.safe_dump(parameters))
        row = {"id": "main", "role": "primary", "outcome": "stillbirth", "estimand": "sii: x"}
        row |= {"estimate": effect, "std_error": error, "ci_low": effect - 1, "ci_high": effect + 1}
        estimates_table([{**row, "horizon": "2019"}]).to_parquet(folder / "estimates.parquet")
        headline = {"design": "Audit" if name == "audit" else "Interrupted time series"}
        release = Release(
            path=folder, id=name, version=1, title=name.title(), label="", status=status,
            date="2026-01-01", approvers=(), renderer="pandoc", renderer_version="3",
            content_digest="", previous=None, headline={**headline, "verdict": verdict},
            pages=(ReleasePage("index", "Summary"),), synthetic=synthetic,
        )  # fmt: skip
        return Report(name, (release,))

    return made


def names(entries: list[Entry]) -> list[str]:
    return [entry.id for entry in entries]


def test_programmes_are_sections_and_real_evaluations_come_first(make: Make) -> None:
    found = programmes(
        portfolio(
            [
                make("b-made-up", synthetic=True),
                make("c-real"),
                make("staff", id="staff", title="Staff"),
            ]
        )
    )
    assert [(section["title"], names(section["entries"])) for section in found] == [
        ("Perinatal", ["c-real", "b-made-up"]),
        ("Staff", ["staff"]),
    ]


def test_programmes_with_real_evaluations_come_first(make: Make) -> None:
    found = portfolio(
        [make("made-up", synthetic=True, id="a", title="A"), make("real", id="b", title="B")]
    )
    assert names(found) == ["real", "made-up"]


def test_filters_offer_what_leaves_something_with_how_much(make: Make) -> None:
    entries = portfolio(
        [
            make("one", population_groups=["coastal", "rural"], clinical_priorities=["maternity"]),
            make("two", population_groups=["coastal"], clinical_priorities_cyp=["mental-health"]),
            make("audit", synthetic=True, population_groups=["age"]),
        ]
    )
    found = {facet.id: facet for facet in facets(entries)}
    assert list(found) == ["group", "priority", "design", "data"]
    counted = {name: [(c.value, c.count) for c in facet.choices] for name, facet in found.items()}
    assert counted["group"] == [("age", 1), ("rural", 1), ("coastal", 2)]
    assert counted["priority"] == [("adults.maternity", 1), ("children.mental-health", 1)]
    assert counted["design"] == [("audit", 1), ("interrupted-time-series", 2)]
    assert counted["data"] == [("real", 2), ("synthetic", 1)]
    assert [group for group, _ in found["priority"].groups] == [
        "Adults",
        "Children and young people",
    ]


def test_three_real_evaluations_that_share_an_outcome_are_pooled(make: Make) -> None:
    effects = {"first": (-1.0, 0.5), "second": (-0.4, 0.3), "third": (-1.6, 0.6)}
    reports = [make(name, effect=e, error=s) for name, (e, s) in effects.items()]
    reports += [
        make("made-up", effect=-9.0, synthetic=True),
        make("silent", effect=-9.0, verdict="cannot-say"),
        make("gone", effect=-9.0, status=Status.WITHDRAWN),
        make("ratio", effect=0.9, scale="relative"),
    ]
    (found,) = pooled_evidence(portfolio(reports))["pooled"]

    expected = pool(
        pd.DataFrame(effects.values(), index=list(effects), columns=["estimate", "std_error"])
    )
    assert found["effect"].replace("−", "-") == f"{expected.effect.estimate:.2f}"
    assert [study["entry"].id for study in found["studies"]] == list(effects)
    low = found["prediction"].partition(" to ")[0].replace("−", "-")
    assert float(low) == pytest.approx(expected.prediction_low, abs=0.005)


def test_ratios_are_pooled_as_logarithms(make: Make) -> None:
    reports = [
        make(f"r{i}", effect=e, error=0.2, scale="relative") for i, e in enumerate((0.5, 1.0, 2.0))
    ]
    (found,) = pooled_evidence(portfolio(reports))["pooled"]
    assert found["effect"] == "1.00"
    assert found["unit"] == ""


def test_fewer_than_three_are_not_pooled_and_nothing_is_read(make: Make) -> None:
    reports = [make("one"), make("two"), make("made-up", synthetic=True)]
    for report in reports:
        (report.shown.path / "estimates.parquet").unlink()
    assert pooled_evidence(portfolio(reports))["pooled"] == []


def test_an_intervention_is_told_once_and_an_audit_has_none(make: Make) -> None:
    both = "mental-health"
    entries = portfolio(
        [
            make(
                "both",
                clinical_priorities=[both],
                clinical_priorities_cyp=[both],
            ),
            make("audit", intervention=False, clinical_priorities=["maternity"]),
            make("elsewhere"),
        ]
    )
    adults, children, others = case_studies(entries)
    told = [(c["name"], c["first"]) for group in (adults, children, others)
            for priority in group["covered"] for c in priority["cases"]]  # fmt: skip
    assert told == [("Both", True), ("Both", False), ("Elsewhere", True)]
    assert "Maternity" in adults["open"]
    (aspects,) = [c["aspects"] for c in others["covered"][0]["cases"]]
    assert aspects[0]["words"] == "Many."
    assert aspects[1]["words"] == "The evaluation does not say."


def test_evaluations_of_one_intervention_are_one_case_study_but_never_real_with_made_up(
    make: Make,
) -> None:
    bundle = {"intervention": "Bundle", "clinical_priorities": ["maternity"]}
    reports = [
        make("one", **bundle),
        make("two", intervention="Bundle", clinical_priorities=["respiratory"]),
        make("made-up", synthetic=True, **bundle),
    ]
    adults, _ = case_studies(portfolio(reports))
    told = [
        (priority["label"], names(case["entries"]), case["first"])
        for priority in adults["covered"]
        for case in priority["cases"]
    ]
    assert told == [
        ("Maternity", ["one", "two"], True),
        ("Maternity", ["made-up"], True),
        ("Respiratory disease", ["one", "two"], False),
    ]
    assert len({case["id"] for p in adults["covered"] for case in p["cases"]}) == 2


def test_population_groups_stand_under_their_families(make: Make) -> None:
    found = topics("population_groups", portfolio([make("one", population_groups=["coastal"])]))
    assert [
        (family["family"].label, [topic["term"].label for topic in family["topics"]])
        for family in found["families"]
    ] == [("Exclusion through geography", ["Coastal communities"])]
    assert topics("pledges", ())["families"] == []


def test_every_topic_of_a_vocabulary_is_there_covered_or_not(make: Make) -> None:
    found = topics("pledges", portfolio([make("one", pledges=["pledge-4"])]))
    assert [bool(topic["entries"]) for topic in found["terms"]] == [False, False, False, True]
    assert found["recalled"] == ["Local systems receive support"]


def test_parameters_that_cannot_be_read_name_the_version(make: Make) -> None:
    report = make("one")
    (report.shown.path / "params.yaml").write_text("programme: [")
    with pytest.raises(ReleaseError, match="parameters of a version cannot be read") as caught:
        portfolio([report])
    assert caught.value.where == "one/v1/params.yaml"


def test_a_version_without_parameters_stays_on_the_page(make: Make) -> None:
    report = make("one")
    (report.shown.path / "params.yaml").unlink()
    (section,) = programmes(portfolio([report]))
    assert section["title"] == "Other evaluations"
