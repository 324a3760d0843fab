"""A whole evaluation of data that are not open, from the pages to a second version.

The notebooks that ship run as they are; what the release holds is then read file by file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from equieval.disclosure.columns import count_columns
from equieval.disclosure.profiles import profile

REPOSITORY = Path(__file__).parents[3]
PROFILE = "nhs-msds"


def equieval(root, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    return subprocess.run(
        [sys.executable, "-m", "equieval", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def write_births(root, seed=7):
    """Write five years of monthly counts by decile: about 7 stillbirths a month in each."""
    rng = np.random.default_rng(seed)
    rows = []
    for month in pd.period_range("2018-01", "2022-12", freq="M"):
        for decile in range(1, 11):
            births = int(rng.poisson(600))
            still = int(rng.binomial(births, 0.012 * (1.4 - 0.08 * decile)))
            deaths = int(rng.binomial(births - still, 0.006))
            rows.append((str(month), decile, births - still, still, deaths))
    columns = ["month", "imd_decile", "live_births", "stillbirths", "neonatal_deaths"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(root / "data" / "private.csv", index=False)
    return table


def write_parameters(root):
    path = REPOSITORY / "params" / "stillbirth-care-bundle-england.yaml"
    given = yaml.safe_load(path.read_bytes())
    given["identity"] |= {"id": "private", "synthetic": True}
    given["population"]["fictional"] = True
    given["intervention"]["co_interventions"] = []
    source = given["data"]["sources"][0]
    for key in ("total", "breaks", "missing_because"):
        source.pop(key)
    source |= {"open": False, "path": "data/private.csv", "columns": {"period": "month"}}
    given["data"]["frequency"] = "month"
    given["outcomes"]["primary"]["horizon"] = "2022-01"
    given["design"] |= {"start": "2020-06", "first_period": "2018-01", "last_period": "2022-12"}
    given["robustness"] = {
        "placebo_starts": ["2019-06"],
        "alternative_starts": ["2020-09"],
        "leave_one_out": False,
    }
    given["disclosure"] = {"profile": PROFILE, "reason": "Synthetic records."}
    (root / "params" / "private.yaml").write_text(yaml.safe_dump(given, sort_keys=False))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Return a project whose private evaluation was run and released as v1."""
    root = tmp_path_factory.mktemp("partner")
    for folder in ("data", "params"):
        (root / folder).mkdir()
    for folder in ("notebooks", "guide", "theme"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    for path in (*REPOSITORY.glob("*.qmd"), REPOSITORY / "_quarto.yml"):
        shutil.copyfile(path, root / path.name)
    write_births(root)
    write_parameters(root)
    for command in ("run", "release"):
        done = equieval(root, command, "private")
        assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_every_count_that_is_published_is_one_that_the_profile_shows(root):
    rule = profile(PROFILE).counting
    version = root / "reports" / "private" / "v1"
    looked_at = 0
    for path in version.rglob("*.csv"):
        table = pd.read_csv(path)
        for column in count_columns(table):
            assert rule.can_show(table[column]).all(), f"{path.name}: {column}"
            looked_at += len(table)
    assert looked_at > 500


def test_nothing_private_is_in_a_release(root):
    version = root / "reports" / "private" / "v1"
    key = (root / ".equieval" / "private" / "key").read_text().strip()
    ledger = root / ".equieval" / "private" / "ledger" / "private" / "v1.json"
    ids = list(json.loads(ledger.read_bytes())["cells"])
    records = (root / "data" / "private.csv").read_bytes().splitlines()[1]
    for path in version.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert key.encode() not in content
        assert ids[0].encode() not in content
        assert records not in content
    run = json.loads((version / "run.json").read_bytes())
    assert all(digest.startswith("hmac-sha256:") for digest in run["data"].values())


def test_the_report_says_what_was_withheld_and_what_that_limits(root):
    page = (root / "reports" / "private" / "v1" / "html" / "methods.html").read_text()
    assert "What that limits" in page
    assert "Exceptions" in page
    record = json.loads((root / "reports" / "private" / "v1" / "disclosure.json").read_bytes())
    assert (record["profile"], record["verdict"]) == (PROFILE, "pass")


def test_after_a_withdrawal_no_second_version_without_the_ledger_and_with_it_one(root):
    """Readers saw the numbers of the version that was withdrawn: comparison goes on."""
    table = pd.read_csv(root / "data" / "private.csv")
    table.loc[::7, "stillbirths"] += 1
    table.to_csv(root / "data" / "private.csv", index=False)
    assert equieval(root, "run", "private").returncode == 0
    version = root / "reports" / "private"
    first = pd.read_csv(version / "v1" / "effect" / "series.csv")
    withdrawn = equieval(root, "withdraw", "private", "1", "--reason", "Counts are out of date.")
    assert withdrawn.returncode == 0, withdrawn.stdout + withdrawn.stderr
    folder = root / ".equieval" / "private" / "ledger"
    folder.rename(root / "ledger-elsewhere")
    refused = equieval(root, "release", "private")
    assert refused.returncode == 3
    assert "the private ledger of v1 is missing" in refused.stdout + refused.stderr
    shutil.rmtree(folder, ignore_errors=True)
    (root / "ledger-elsewhere").rename(folder)
    done = equieval(root, "release", "private")
    assert done.returncode == 0, done.stdout + done.stderr
    second = pd.read_csv(version / "v2" / "effect" / "series.csv")
    # Up to two families more in a month: no total moves.
    pd.testing.assert_series_equal(first["numerator"], second["numerator"])
