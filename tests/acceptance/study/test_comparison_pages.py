"""Pages of designs that compare units: complete for each design, and true to their numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from comparisons import NARROWER, SMOKEFREE, write_comparison
from evaluations import PROJECT, Blocks, Shown, run_page, untraced

pytestmark = pytest.mark.slow

Run = Callable[..., Shown]
WIDER = {group: -change for group, change in NARROWER.items()}
EFFECTS = {"narrower": NARROWER, "wider": WIDER}


@pytest.fixture(scope="module")
def page(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run one page of a made-up comparison."""

    def run(kind: str, slug: str, **words: object) -> Shown:
        path, _ = write_comparison(project, f"made-up-{kind}", kind=kind, **words)  # type: ignore[arg-type]
        return run_page(project, path, slug, tmp_path_factory.mktemp(slug), design=kind)

    return run


def assert_every_artefact_is_there(shown: Shown) -> None:
    index = json.loads(shown.file("artefacts.json"))
    assert list(shown.bundles) == [entry["id"] for entry in index["artefacts"]]
    for entry in index["artefacts"]:
        for file in entry["files"]:
            assert len(shown.file(file["path"])) == file["bytes"]
    assert untraced(shown) == []


@pytest.mark.parametrize("direction", EFFECTS)
def test_pages_of_opposite_effects_say_opposite_things(page: Run, direction: str) -> None:
    gap, fell = (
        ("narrower", ("lower", "better", "improved"))
        if direction == "narrower"
        else ("wider", ("higher", "worse", "worsened"))
    )
    lower, better, improved = fell
    inequality = page("did", "inequality-effect", effect=EFFECTS[direction])
    assert f"gap in smoking at delivery was {gap} than expected" in inequality.words("answer")
    assert f"was clearly {gap} than expected" in inequality.title("event-study")
    assert f"the most deprived fifth {improved}" in inequality.title("who-moved")
    assert f"groups show a {lower} rate" in inequality.title("groups")
    outcome = page("did", "effect", effect=EFFECTS[direction])
    assert f"smoking at delivery was {better} than expected" in outcome.words("answer")
    assert outcome.title("estimators") == (
        f"5 of 7 estimators show a {lower} rate; 1 is unclear; 1 gives no estimate"
    )
    assert "10 controls are too few" in outcome.words("intervals")
    robust = page("did", "robustness", effect=EFFECTS[direction])
    assert f"is clearly {gap} than expected in all" in robust.title("specifications")
    assert robust.title("gap-variants").startswith(f"All 2 variants show a {gap} gap")
    front = page("did", "index", effect=EFFECTS[direction])
    assert front.title("headline").endswith(f"the gap was {gap} than expected")
    for shown in (inequality, outcome, robust, front):
        assert_every_artefact_is_there(shown)


@pytest.mark.parametrize("slug", ["index", "effect", "inequality-effect", "robustness", "methods"])
@pytest.mark.parametrize("kind", ["staggered-did", "synthetic-did", "controlled-its"])
def test_every_design_that_compares_has_every_page(page: Run, kind: str, slug: str) -> None:
    assert_every_artefact_is_there(page(kind, slug))


def test_without_an_interval_the_pages_say_that_the_data_cannot_say(page: Run) -> None:
    few = {"units": 5, "treated": 1}
    for slug in ("effect", "inequality-effect"):
        shown = page("did", slug, **few)
        assert "cannot say" in shown.words("answer")
        assert "no p value under 1/20" in shown.words("answer")


def test_a_protocol_that_names_no_variant_has_a_page_that_says_so(page: Run) -> None:
    def nothing(blocks: Blocks) -> None:
        blocks["robustness"] = {}

    shown = page("controlled-its", "robustness", edit=nothing)
    assert "the protocol names no other start" in shown.words("gap-variants")
    assert shown.words("placebo").count("None was declared beforehand") == 3


def test_the_methods_page_shows_how_often_repetitions_found_the_truth(
    project: Path, page: Run, tmp_path: Path
) -> None:
    shutil.copy(PROJECT / "params" / f"{SMOKEFREE}.yaml", project / "params")
    shown = run_page(
        project, project / "params" / f"{SMOKEFREE}.yaml", "methods", tmp_path, design="did"
    )
    drawn = pd.read_csv(shown.folder / "known-truth.csv")
    held = ((drawn["ci_low"] <= drawn["truth"]) & (drawn["truth"] <= drawn["ci_high"])).sum()
    assert shown.title("known-truth") == (
        f"In {len(drawn)} made-up repetitions of this evaluation the 95% interval held the true "
        f"effect {held} times"
    )
    # An evaluation that nobody repeated makes no such claim.
    assert "known-truth" not in page("did", "methods").bundles
