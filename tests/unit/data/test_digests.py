"""Fingerprints: plain for open data, keyed for everything else."""

from __future__ import annotations

import hashlib
import hmac
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from equieval.data import load_observations
from equieval.data.digests import KEY_FILE, file_digest, private_key, text_digest
from equieval.errors import DataError
from equieval.protocol import Evaluation

ROWS = "2010,poorer,100,3", "2010,richer,100,1"


@pytest.fixture
def file(root: Path) -> Path:
    path = root / "data" / "counts.csv"
    path.write_bytes(b"year,half,stillbirths\n2010,poorer,3\n")
    return path


def test_open_data_carry_the_plain_sha256_of_the_file(root: Path, file: Path) -> None:
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert file_digest(file, open_data=True, root=root) == f"sha256:{expected}"
    assert not (root / KEY_FILE).exists()


def test_private_data_carry_an_hmac_under_the_private_key(root: Path, file: Path) -> None:
    digest = file_digest(file, open_data=False, root=root)
    expected = hmac.new(private_key(root), file.read_bytes(), "sha256").hexdigest()
    assert digest == f"hmac-sha256:{expected}"
    assert hashlib.sha256(file.read_bytes()).hexdigest() not in digest


def test_another_key_gives_another_fingerprint(root: Path, file: Path) -> None:
    before = file_digest(file, open_data=False, root=root)
    assert before == file_digest(file, open_data=False, root=root)
    (root / KEY_FILE).unlink()
    assert file_digest(file, open_data=False, root=root) != before


def test_the_key_is_readable_by_its_owner_only(root: Path) -> None:
    private_key(root)
    path = root / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    private_key(root)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["key"]


def test_pages_side_by_side_agree_on_one_key(root: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: private_key(root), range(32)))
    assert len(keys) == 1


@pytest.mark.parametrize("content", ["", "too short", "é" * 64])
def test_a_damaged_key_is_refused(root: Path, content: str) -> None:
    private_key(root)
    (root / KEY_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        text_digest("3", open_data=False, root=root)


def test_the_record_of_a_source_carries_its_fingerprint_and_no_place_of_this_machine(
    root: Path,
    evaluation: Callable[..., Evaluation],
    write: Callable[..., Path],
) -> None:
    path = write(*ROWS)
    opened = load_observations(evaluation(), root).sources[0]
    assert opened.digest == file_digest(path, open_data=True, root=root)
    assert (opened.path, opened.rows) == ("data/births.csv", 2)
    private = load_observations(evaluation(open=False), root).sources[0]
    assert private.digest.startswith("hmac-sha256:")
    assert str(root) not in repr((opened, private))


def test_the_number_of_private_records_is_not_kept(
    root: Path, evaluation: Callable[..., Evaluation], write: Callable[..., Path]
) -> None:
    write("2010,poorer,1", "2010,richer,0", header="year,half,stillborn")
    indicators = {"stillbirth": {"numerator": "stillborn"}}
    source = load_observations(
        evaluation(level="record", open=False, indicators=indicators), root
    ).sources[0]
    assert source.rows is None
