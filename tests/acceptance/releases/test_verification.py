"""A partner reruns a version and is told, number by number, whether it came out again."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from equieval.errors import NotReproduced
from equieval.releases.bundle import opened_bundle
from equieval.releases.crate import write_crate
from equieval.releases.verification import Verification, verify_version
from equieval.releases.verification_page import verification_badge, verification_page
from equieval.releases.version import Release

SWAPPED = ("methods/proportions.py", "low, high = wilson_limits", "high, low = wilson_limits")


def causes(found: Verification) -> set[str]:
    """What a partner is told about the version: everything altered or suspected."""
    return {a.cause.value for a in found.alterations} | {s.cause.value for s in found.suspects}


def verdicts(found: Verification) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in found.estimates()}


def change_code(folder: Path, name: str, old: str, new: str) -> None:
    """Change one line in the package archive of a version."""
    (archive,) = (folder / "code").glob("*.tar.gz")
    with tarfile.open(archive) as read:
        entries = [(entry, read.extractfile(entry).read()) for entry in read]  # type: ignore[union-attr]
    with tarfile.open(archive, "w:gz") as written:
        for entry, content in entries:
            if entry.name.endswith(name):
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode(), 1)
                entry.size = len(content)
            written.addfile(entry, io.BytesIO(content))


def test_a_version_that_was_left_alone_is_reproduced_to_the_last_digit(version):
    before = sorted(version.root.rglob("*"))
    found = verify_version(version.folder, project=version.root)
    assert found.outcome == "reproduced"
    assert set(verdicts(found).values()) == {"identical"}
    assert causes(found) == set()
    found.refuse()
    assert sorted(version.root.rglob("*")) == before, "a rerun leaves no trace"


def test_a_changed_estimate_is_found_and_named(version):
    text = (version.folder / "estimates.csv").read_text()
    line = next(row for row in text.splitlines() if row.startswith("rate.2019"))
    value = next(cell for cell in line.split(",") if cell.startswith("3.46"))
    version.change("estimates.csv", line, line.replace(value, "2.5"))
    found = verify_version(version.folder)
    assert found.outcome == "altered after release"
    assert causes(found) == {"published estimates"}
    assert "rate.2019" in str(found.alterations[0])
    assert [name for name, verdict in verdicts(found).items() if verdict == "differs"] == [
        "rate.2019"
    ]
    row = next(row for row in found.estimates() if row["id"] == "rate.2019")
    assert row["suspected"] == ["published estimates"]
    with pytest.raises(NotReproduced) as refused:
        found.refuse()
    assert refused.value.exit_code == 4


def test_a_changed_datum_is_found_and_named(version):
    version.change("inputs/data/births.csv", "2020,5100,15", "2020,5100,17")
    found = verify_version(version.folder)
    assert found.outcome == "altered after release"
    assert causes(found) == {"data"}
    assert verdicts(found)["rate.2020"] == "differs"
    assert verdicts(found)["rate.2018"] == "identical"


def test_on_the_command_line_a_changed_datum_ends_with_exit_code_four(version, monkeypatch):
    from typer.testing import CliRunner

    from equieval.cli import app

    version.change("inputs/data/births.csv", "2020,5100,15", "2020,5100,17")
    monkeypatch.chdir(version.root)
    output = version.root.parent / "verdict.json"
    done = CliRunner().invoke(app, ["verify", "small", "--output", str(output)])
    assert done.exit_code == 4
    assert "altered: inputs/data/births.csv" in done.output
    assert "rate.2020: differs" in done.output
    assert json.loads(output.read_text())["outcome"] == "altered after release"


def test_a_changed_datum_is_named_when_the_manifest_was_forged_too(version):
    version.change("inputs/data/births.csv", "2020,5100,15", "2020,5100,17", forge=True)
    found = verify_version(version.folder)
    assert {a.file for a in found.alterations} == {"inputs/data/births.csv"}
    assert any(s.cause == "data" and "births" in s.what for s in found.suspects)


def test_a_changed_line_of_code_is_found_named_and_not_run(version):
    change_code(version.folder, *SWAPPED)
    found = verify_version(version.folder)
    assert found.outcome == "altered after release"
    assert causes(found) == {"code"}
    assert "methods/proportions.py" in str(found.alterations)
    assert found.verdict is None


def test_a_changed_line_of_code_moves_numbers_when_it_is_trusted(version):
    change_code(version.folder, *SWAPPED)
    found = verify_version(version.folder, trust=True)
    assert causes(found) == {"code"}
    assert verdicts(found)["rate.2018"] == "differs"
    assert verdicts(found)["drawn"] == "identical"
    row = next(row for row in found.estimates() if row["id"] == "rate.2018")
    assert row["suspected"] == ["code"]


def test_with_code_altered_the_same_code_installed_here_stands_in(version):
    change_code(version.folder, *SWAPPED)
    found = verify_version(version.folder, project=version.root)
    assert found.outcome == "altered after release"
    assert set(verdicts(found).values()) == {"identical"}


def test_a_changed_package_version_in_the_record_is_found_and_named(version):
    record = json.loads((version.folder / "run.json").read_text())
    numpy = record["environment"]["numpy"]
    version.change("run.json", f'"numpy": "{numpy}"', '"numpy": "0.9.9"')
    found = verify_version(version.folder)
    assert found.outcome == "altered after release"
    assert causes(found) == {"records", "environment"}
    assert found.environment == (f"numpy 0.9.9 recorded, {numpy} here",)
    assert set(verdicts(found).values()) == {"identical"}


def test_changed_parameters_are_found_and_named(version):
    version.change("params.yaml", "level: 0.95", "level: 0.9", forge=True)
    found = verify_version(version.folder)
    assert "parameters" in causes(found)
    assert verdicts(found)["rate.2018"] == "differs"
    assert verdicts(found)["drawn"] == "identical"


def test_a_changed_seed_is_named_as_such(version):
    version.change("params.yaml", "seed: 7", "seed: 8", forge=True)
    found = verify_version(version.folder)
    assert "seed" in causes(found)
    assert verdicts(found)["drawn"] == "differs"
    assert verdicts(found)["rate.2018"] == "identical"


def test_numbers_drawn_without_their_seed_are_suspected_of_it(tmp_path, build_version):
    from small_version import EFFECT

    unseeded = EFFECT.replace('default_rng(design["seed"])', "default_rng()")
    found = verify_version(build_version(tmp_path, effect=unseeded))
    assert found.outcome == "not reproduced"
    (row,) = [row for row in found.estimates() if row["verdict"] == "differs"]
    assert (row["id"], row["suspected"]) == ("drawn", ["seed"])


def test_a_page_that_fails_is_named_with_its_message(tmp_path, build_version):
    from small_version import EFFECT

    broken = EFFECT.replace("rows = []", "rows = []\nraise ValueError('no births')")
    found = verify_version(build_version(tmp_path, effect=broken))
    assert found.outcome == "not reproduced"
    assert set(verdicts(found).values()) == {"missing"}
    assert "ValueError: no births" in {f.message for f in found.failures}


def test_without_the_private_data_it_says_what_is_missing_and_how_to_supply_it(
    tmp_path, build_version
):
    folder = build_version(tmp_path / "theirs", is_open=False)
    found = verify_version(folder)
    assert found.outcome == "not rerun"
    (missing,) = found.missing
    assert (missing.source, missing.path) == ("births", "data/births.csv")
    with pytest.raises(NotReproduced) as refused:
        found.refuse()
    assert "--data" in str(refused.value)


def test_with_the_private_data_supplied_it_is_reproduced(tmp_path, build_version):
    root = tmp_path / "theirs"
    folder = build_version(root, is_open=False)
    assert verify_version(folder, data=root).outcome == "reproduced"
    supplied = tmp_path / "supplied"
    shutil.copytree(root / "data", supplied / "data")
    found = verify_version(folder, data=supplied)
    assert found.outcome == "reproduced"
    assert [s.what for s in found.suspects] == [
        "the data of 'births' cannot be compared with the record here"
    ]


def test_a_bundle_runs_nothing_that_it_brings_unless_it_is_trusted(version, tmp_path):
    bundle = write_crate(Release.load(version.folder), tmp_path / "small.zip")
    with opened_bundle(bundle) as folder:
        careful = verify_version(folder, brought=True)
        assert careful.outcome == "not rerun"
        assert any("notebooks" in why for why in careful.blocked)
        assert verify_version(folder, brought=True, trust=True).outcome == "reproduced"


def test_a_bundle_of_known_code_needs_no_trust(version, tmp_path):
    bundle = write_crate(Release.load(version.folder), tmp_path / "small.zip")
    with opened_bundle(bundle) as folder:
        found = verify_version(folder, brought=True, project=version.root)
    assert found.outcome == "reproduced"


def test_the_verdict_is_a_page_a_badge_and_json(version):
    version.change("inputs/data/births.csv", "2020,5100,15", "2020,5100,17")
    found = verify_version(version.folder)
    text = json.dumps(found.to_json(), allow_nan=False)
    assert json.loads(text)["outcome"] == "altered after release"
    page = verification_page(found)
    assert page.index("rate.2020") < page.index("rate.2018"), "what differs comes first"
    assert "inputs/data/births.csv" in page
    assert "altered after release" in verification_badge(found)
