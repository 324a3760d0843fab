"""Every way to make the environment gives the same packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
BENCH = ROOT / "requirements-bench.lock"


def pins(lock: Path) -> dict[str, set[str]]:
    """Return name -> pinned versions of a lock file (one per Python version at most)."""
    found: dict[str, set[str]] = {}
    for line in lock.read_text().splitlines():
        if match := re.match(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^ ;]+)", line):
            found.setdefault(match[1], set()).add(match[2])
    return found


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def declared(project: dict) -> list[tuple[Path, Requirement]]:
    """Return every requirement with the lock file that has to pin it."""
    listed = [(LOCK, text) for text in project["project"]["dependencies"]]
    for extra, texts in project["project"]["optional-dependencies"].items():
        listed += [(BENCH if extra == "bench" else LOCK, text) for text in texts]
    return [(lock, Requirement(text)) for lock, text in listed]


def test_every_declared_dependency_is_pinned_within_its_range(project: dict) -> None:
    for lock, requirement in declared(project):
        locked = pins(lock)
        name = requirement.name.lower().replace("_", "-")
        assert name in locked, f"{name} is not in {lock.name}: run make lock"
        for version in locked[name]:
            assert requirement.specifier.contains(version), f"{name} {version}: run make lock"


def test_every_declared_dependency_says_why_it_is_there() -> None:
    inside = False
    for line in (ROOT / "pyproject.toml").read_text().splitlines():
        inside = inside or line.startswith("dependencies = [")
        if inside and line.startswith("]"):
            break
        if inside and line.startswith('  "'):
            assert "#" in line, f"no reason beside: {line.strip()}"


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-uv.lock", "requirements-bench.lock"]
)
def test_every_pin_carries_hashes_and_no_index_address(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)
    for entry in entries[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    assert "://" not in text
    assert "--index-url" not in text


def test_what_is_only_timed_stands_beside_the_same_packages() -> None:
    locked, beside = pins(LOCK), pins(BENCH)
    assert all(beside[name] == locked[name] for name in beside.keys() & locked.keys())


def test_the_installer_is_the_one_that_the_lock_pins() -> None:
    assert pins(ROOT / "requirements-uv.lock")["uv"] == pins(LOCK)["uv"]


def test_conda_users_get_the_pins_of_the_lock(project: dict) -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (by_pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert by_pip == ["--require-hashes", "-r requirements.lock"], "a pin beside the lock"
    assert any(entry.startswith("quarto") for entry in plain)
    (python,) = (entry for entry in plain if entry.startswith("python="))
    wanted = SpecifierSet(project["project"]["requires-python"])
    assert wanted.contains(python.removeprefix("python="))
    extra = {re.split(r"[<>=]", entry)[0] for entry in plain} & set(pins(LOCK))
    assert not extra, f"pinned by conda and by the lock: {extra}"
