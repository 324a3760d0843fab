"""The stories of the people who use released versions, each by commands alone.

A project is laid out from the files under version control, as a clone has them, and the England
evaluation is released twice: with its data to 2022 as version 1, and to 2023 as version 2.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright

from equieval.releases.manifest import plain_files, verify_manifest

REPOSITORY = Path(__file__).parents[3]
ENGLAND = "stillbirth-care-bundle-england"
DATA = "data/england-births-and-deaths-by-imd-decile.csv"
LAID_OUT = ("notebooks", "params", "data", "guide", "theme", "requirements.lock")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow


def needs_browser(test: object) -> object:
    """Mark a test that opens pages in the system's Chromium."""
    there = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")
    return pytest.mark.browser(there(test))


def equieval(root: Path, *words: str, code: int = 0) -> str:
    """Run a command as a user would and return what it says."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "equieval", *words],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def lay_out(root: Path) -> Path:
    root.mkdir()
    for name in LAID_OUT:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, root / name)
        elif source.exists():
            shutil.copy(source, root / name)
    for path in [*REPOSITORY.glob("*.qmd"), REPOSITORY / "_quarto.yml"]:
        shutil.copy(path, root / path.name)
    for path in (root / "params").glob("*.yaml"):
        if path.stem != ENGLAND:
            path.unlink()
    return root


def set_last_year(root: Path, year: int, label: str, notes: str) -> None:
    """Cut the data after a year and describe them so, as an evaluator would.

    The evaluation is the committed one, but that it takes all the years that there are: then the
    data alone differ between the versions.
    """
    lines = (REPOSITORY / DATA).read_text(encoding="utf-8").splitlines()
    kept = [lines[0], *(line for line in lines[1:] if int(line.split(",")[0]) <= year)]
    (root / DATA).write_text("\n".join(kept) + "\n", encoding="utf-8")
    path = root / "params" / f"{ENGLAND}.yaml"
    values = yaml.safe_load((REPOSITORY / "params" / path.name).read_text(encoding="utf-8"))
    del values["design"]["last_period"]
    if year < 2023:
        (source,) = values["data"]["sources"]
        del source["breaks"], source["missing_because"]
    values["release"] |= {"label": label, "notes": notes}
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def england(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after both releases; tests that change it take a copy."""
    root = lay_out(tmp_path_factory.mktemp("england") / "project")
    set_last_year(root, 2022, "Data to 2022", "First version.")
    equieval(root, "run", ENGLAND)
    equieval(root, "release", ENGLAND, "--renderer", "pandoc", "--date", "2026-01-15")
    set_last_year(root, 2023, "Data to 2023", "The figures of 2023 were added.")
    equieval(root, "run", ENGLAND)
    equieval(root, "release", ENGLAND, "--renderer", "pandoc", "--date", "2026-02-15")
    equieval(root, "site", "--renderer", "pandoc")
    return root


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


def test_a_partner_verifies_a_published_version_and_gets_the_verdict(england, tmp_path):
    said = equieval(
        england, "verify", ENGLAND, "--version", "1", "--output", str(tmp_path / "verdict.json"),
        "--page", str(tmp_path / "verdict.html"), "--badge", str(tmp_path / "badge.svg"),
    )  # fmt: skip
    assert said.strip().endswith(f"{ENGLAND} v1: reproduced")
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict["outcome"] == "reproduced"
    assert verdict["counts"]["identical"] == len(verdict["estimates"]) > 100
    assert "reproduced" in (tmp_path / "badge.svg").read_text()
    assert ENGLAND.split("-")[0] in (tmp_path / "verdict.html").read_text().lower()


def test_a_partner_verifies_a_bundle_elsewhere(england, tmp_path):
    equieval(england, "export", ENGLAND, "--version", "v2", "-o", str(tmp_path / "bundle.zip"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    careful = equieval(elsewhere, "verify", "../bundle.zip", code=4)
    assert "not rerun" in careful
    assert "--trust" in careful
    assert "v2: reproduced" in equieval(elsewhere, "verify", "../bundle.zip", "--trust")
    assert list(elsewhere.iterdir()) == []


def test_an_evaluator_sees_what_a_year_of_data_changed(england):
    found = json.loads(equieval(england, "compare", ENGLAND, "v1", "v2", "--json"))
    assert found["data"] == {"ons-births-and-deaths": "changed"}
    assert found["attribution"]["changed"] == ["data"]
    rows = {row["id"]: row for row in found["estimates"]}
    (primary,) = [row for row in found["estimates"] if row["role"] == "primary"]
    assert primary["change"] == "changed"
    assert rows["baseline-inequality.stillbirth.gap.2010"]["change"] == "same"
    assert rows["baseline-inequality.stillbirth.gap.2023"]["change"] == "added"
    changes = json.loads((england / f"reports/{ENGLAND}/v2/changes.json").read_text())
    assert changes["notes"] == "The figures of 2023 were added."
    assert changes["estimates"] == found["counts"]


def published_to_a_bucket(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Publish twice to a bucket on this machine and return what it holds."""
    import boto3
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket="public")
        words = ("publish", "--to", "s3://public/site", "--renderer", "pandoc")
        assert "published" in equieval(root, *words, "--endpoint", endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        assert "up to date" in equieval(root, *words)
        listed = client.get_paginator("list_objects_v2").paginate(Bucket="public", Prefix="site/")
        return {
            each["Key"].removeprefix("site/"): client.get_object(Bucket="public", Key=each["Key"])[
                "Body"
            ].read()
            for page in listed
            for each in page["Contents"]
        }
    finally:
        server.stop()


def test_an_evaluator_publishes_and_withdraws(england, tmp_path, monkeypatch):
    root = tmp_path / "project"
    shutil.copytree(england, root)
    public = tmp_path / "public"
    assert "published" in equieval(root, "publish", "--to", str(public), "--renderer", "pandoc")
    bucket = published_to_a_bucket(root, monkeypatch)
    assert bucket == {name: path.read_bytes() for name, path in plain_files(public).items()}
    first = public / "reports" / ENGLAND / "v1"
    assert (first / "estimates.csv").is_file()
    reason = "The denominators of 2012 were wrong."
    equieval(root, "withdraw", ENGLAND, "v1", "--reason", reason, "--renderer", "pandoc")
    equieval(root, "publish", "--to", str(public), "--renderer", "pandoc")
    assert not (first / "estimates.csv").exists()
    assert reason in (first / "effect.html").read_text()
    versions = json.loads((public / "versions.json").read_text())["evaluations"][ENGLAND]
    assert [v["state"] for v in versions["versions"]] == ["withdrawn", "latest"]
    assert "v1 was withdrawn" in equieval(root, "verify", ENGLAND, "--version", "1", code=2)


def test_a_protocol_is_registered_once(england, tmp_path):
    root = tmp_path / "project"
    shutil.copytree(england, root)
    said = equieval(root, "register", ENGLAND, "--public-id", "osf.io/abcde")
    assert "in a public register: osf.io/abcde" in said
    assert "never changes" in equieval(root, "register", ENGLAND, code=2)


def test_the_pages_of_a_version_can_be_made_again_byte_for_byte(england, tmp_path):
    equieval(england, "export", ENGLAND, "--version", "v2", "-o", str(tmp_path / "bundle.zip"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = json.loads(equieval(elsewhere, "rebuild", "../bundle.zip", "--trust", "--json"))
    assert (found["same"], found["different"]) == (True, [])
    assert found["renderer"]["here"] == found["renderer"]["released"]
    here = json.loads(equieval(england, "rebuild", ENGLAND, "--version", "2", "--json"))
    assert here["pages_digest"] == found["pages_digest"]
    assert "--trust" in equieval(elsewhere, "rebuild", "../bundle.zip", code=2)
    assert verify_manifest(england / "reports" / ENGLAND / "v2") == []


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_reader_sees_what_changed_on_a_page_of_the_second_version(
    england, browser, width, scheme
):
    report = england / "_site" / "reports" / ENGLAND
    assert not (report / "v1" / "changes.html").exists()
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto((report / "v2" / "index.html").as_uri())
    link = page.locator("nav a", has_text="What changed").first  # folded away on a small screen
    page.goto((report / "v2" / str(link.get_attribute("href"))).as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed")
    words = page.locator("main").inner_text()
    assert "The authors say: The figures of 2023 were added." in words
    assert "Only one thing changed, so every difference comes from it: data." in words
    rows = page.get_by_role("row", name="effect.stillbirth.rate.reml-ar1.level-change")
    assert rows.first.get_by_role("cell").count() >= 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    context.close()


@needs_browser
def test_a_reviewer_follows_a_number_to_its_origin(england, browser):
    site = england / "_site"
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.locator(f'main a[href*="reports/{ENGLAND}/"]').first.click()
    page.get_by_role("link", name="Effect on the outcome", exact=True).first.click()
    shown = page.locator("a.origin-number").first
    number = float(shown.inner_text().replace("−", "-"))
    estimate = str(shown.get_attribute("href")).partition("#est-")[2]
    shown.click()
    # From the number to its estimate, as everyone can download it ...
    row = page.locator(f'tr[id="est-{estimate}"]')
    expect(row).to_be_in_viewport()
    version = Path(unquote(urlsplit(page.url).path)).parent
    downloaded = pd.read_csv(version / "estimates.csv", index_col="id").loc[estimate, "estimate"]
    listed = row.get_by_role("cell").first.inner_text().replace("−", "-")
    assert listed == f"{downloaded:.6g}"
    assert f"{number:+.2f}" == f"{downloaded:+.2f}"
    # ... to the cell that made it, the parameters, and the data ...
    expect(row.get_by_role("link", name="of effect.ipynb")).to_have_attribute(
        "href", "#made-effect"
    )
    data = page.locator('a[href^="inputs/"]').first
    name = str(data.get_attribute("href"))
    digest = hashlib.sha256((version / name).read_bytes()).hexdigest()
    made_from = page.locator("#made-from-caption").locator("xpath=..").inner_text()
    assert f"sha256:{digest}" in made_from
    assert (version / name).read_bytes() == (england / DATA).read_bytes()
    parameters = (version / "params.yaml").read_bytes()
    assert hashlib.sha256(parameters).hexdigest() in made_from
    # ... and to the command that makes it again.
    assert f"equieval verify {ENGLAND} --version v2" in page.locator("main").inner_text()
    context.close()
