"""An equity audit's report: every page runs, finds the known truth, and claims no effect."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from audit_worlds import AUDIT, FILES
from evaluations import PROJECT, Shown, run_page, untraced

from equieval.study.pages import pages_for

SLUGS = ("data-audit", "source-agreement", "inequality", "action-plan", "index", "methods")
CAUSAL = re.compile(
    r"\b(caus\w+|effect of|affected|because of|due to|led to|impact\w*|result(s|ed)? in)\b", re.I
)


@pytest.fixture(scope="module")
def report(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    pages = tmp_path_factory.mktemp("pages")
    parameters = project / "params" / f"{AUDIT}.yaml"
    shutil.copyfile(PROJECT / "params" / f"{AUDIT}.yaml", parameters)
    data = project / "data" / "synthetic"
    data.mkdir(exist_ok=True)
    for path in (PROJECT / "data" / "synthetic").glob(f"{FILES}*.csv"):
        shutil.copyfile(path, data / path.name)
    return {slug: run_page(project, parameters, slug, pages, design="audit") for slug in SLUGS}


def words_of(shown: Shown) -> str:
    """Return everything that a page says, without its markup."""
    said = " ".join(bundle["text/markdown"] for bundle in shown.bundles.values())
    return re.sub(r"<[^>]+>", " ", said)


def test_the_pages_are_those_of_an_audit() -> None:
    assert {spec.slug for spec in pages_for("audit")} == set(SLUGS)
    assert pages_for("audit")[0].slug == "index"


def test_every_number_leads_to_its_estimate_or_its_source(report: dict[str, Shown]) -> None:
    left = {slug: untraced(shown) for slug, shown in report.items()}
    assert left == {slug: [] for slug in SLUGS}


def test_each_true_gap_lies_in_its_interval(report: dict[str, Shown]) -> None:
    truth = pd.read_csv(PROJECT / "data" / "synthetic" / f"{FILES}.truth.csv")
    true = truth[truth["measure"] == "gap"].set_index("stratum")["observed"]
    estimates = pd.read_parquet(report["inequality"].folder / "estimates.parquet")
    primary = estimates[estimates["role"] == "primary"].set_index("stratum")
    assert set(primary.index) == set(true.index)
    for group, row in primary.iterrows():
        assert row["ci_low"] < true[group] < row["ci_high"], group


def test_the_front_page_says_what_was_found_and_what_cannot_be_said(
    report: dict[str, Shown],
) -> None:
    front = report["index"]
    assert front.words("answer").startswith("**In the National source the rate of booking by 10")
    assert "largest gap is that of the Black ethnic group" in front.words("answer")
    assert "Why groups differ" in front.words("limits")
    assert "the data are synthetic" in front.words("limits")
    assert "lower rate than the White group" in front.title("headline")
    headline = json.loads(front.file("headline.json"))
    assert headline["verdict"] == "gaps-found"
    assert headline["design"] == "Equity audit"
    assert headline["answer"] in front.words("answer").replace("**", "")


def test_no_page_claims_an_effect_or_rates_certainty(report: dict[str, Shown]) -> None:
    for slug, shown in report.items():
        said = words_of(shown)
        assert not CAUSAL.findall(said), slug
        assert "ertainty of" not in said, slug


def test_the_action_plan_holds_every_action_of_the_front_page(report: dict[str, Shown]) -> None:
    listed = report["index"].file("actions.csv").decode()
    plan = "\n".join(report["action-plan"].words(part) for part in ("gaps", "data"))
    numbers = [line.partition(",")[0] for line in listed.splitlines()[1:]]
    assert numbers == [str(place) for place in range(1, len(numbers) + 1)]
    for number in numbers:
        assert re.search(rf"^{number}\. +\*\*", plan, re.M)
    for part in ("Finding: ", "Who would act: ", "How it will be seen: "):
        assert plan.count(f"- {part}") == len(numbers)


def test_the_data_audit_shows_who_is_recorded_by_organisation_and_quarter(
    report: dict[str, Shown],
) -> None:
    data = report["data-audit"]
    missing = data.file("missing.csv").decode()
    assert "Brindlow Trust (national)" in missing
    assert "failed the data-quality threshold" in missing
    assert "every other quarter" in missing
    assert "ethnic group" in data.title("coding")
    assert "no figure" in data.alternative_text("coding")


def test_the_defaults_of_the_notebooks_are_the_portfolios_audit() -> None:
    given = yaml.safe_load((PROJECT / "params" / f"{AUDIT}.yaml").read_text(encoding="utf-8"))
    for spec in pages_for("audit"):
        if "audit-" not in spec.notebook or spec.slug == "data-audit":
            continue
        notebook = json.loads((PROJECT / spec.notebook).read_text(encoding="utf-8"))
        names: dict[str, object] = {}
        exec("".join(notebook["cells"][0]["source"]), names)
        assert names["design"] == given["design"]
        assert names["data"] == given["data"]
