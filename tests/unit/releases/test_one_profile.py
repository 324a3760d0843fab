"""Counts that a version protected are not released as published already by another evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from equieval.data.digests import file_digest
from equieval.disclosure.ledger import Ledger, write_ledger
from equieval.errors import DisclosureRefused
from equieval.protocol import Evaluation, load_evaluation
from equieval.releases.private import private_counts

PARAMETERS = Path(__file__).parents[3] / "params" / "stillbirth-care-bundle-england.yaml"


@pytest.fixture
def open_one(tmp_path: Path) -> Evaluation:
    """An evaluation that calls its data open, in a project that has released others."""
    blocks = yaml.safe_load(PARAMETERS.read_bytes())
    path = tmp_path / blocks["data"]["sources"][0]["path"]
    path.parent.mkdir(parents=True)
    path.write_text("year,imd_decile\n2010,1\n")
    (tmp_path / "stillbirth-care-bundle-england.yaml").write_text(yaml.safe_dump(blocks))
    return load_evaluation(tmp_path / "stillbirth-care-bundle-england.yaml")


def released(root: Path, evaluation: Evaluation, *, open_data: bool) -> None:
    source = evaluation.data.sources[0]
    digest = file_digest(root / source.path, open_data=open_data, root=root)
    ledger = Ledger(1, "nhs-hes", {}, sources={"own": digest}, evaluation="trusts")
    write_ledger(root, "trusts", ledger)


def test_a_source_that_was_protected_is_not_released_as_open(
    tmp_path: Path, open_one: Evaluation
) -> None:
    released(tmp_path, open_one, open_data=False)
    with pytest.raises(DisclosureRefused, match=r"trusts v1 protects .* under 'nhs-hes'"):
        private_counts(tmp_path, open_one)


def test_a_source_that_was_open_all_along_may_be_released_so(
    tmp_path: Path, open_one: Evaluation
) -> None:
    released(tmp_path, open_one, open_data=True)
    assert private_counts(tmp_path, open_one) is None
