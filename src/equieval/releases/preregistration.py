"""Registering a protocol: what is frozen, and which data were there when it was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from equieval.data.digests import file_digest
from equieval.data.sources import source_path
from equieval.protocol import Evaluation
from equieval.protocol.registration import Registration, new_registration, register


def data_at_hand(root: Path, evaluation: Evaluation) -> dict[str, str]:
    """Return the digest of each data file that is there already, by its source's id.

    Digests of data that are not open are keyed. Of a database it is only known that it is named.
    """
    return {
        source.id: file_digest(source_path(source, root), open_data=source.open, root=root)
        for source in evaluation.data.sources
        if source_path(source, root).is_file()
    }


def preregister(
    root: Path,
    evaluation: Evaluation,
    *,
    date: dt.date,
    data_seen: str = "",
    timestamp: str = "",
    public_id: str = "",
    dry_run: bool = False,
) -> Registration:
    """Freeze the protocol of an evaluation as it stands, once.

    Parameters
    ----------
    data_seen, timestamp, public_id : as for `equieval.protocol.registration.new_registration`.
    dry_run : write nothing; the digest is what a timestamp or a public register takes.

    Raises
    ------
    ParametersError : it is registered already.
    """
    found = new_registration(
        evaluation,
        evaluation.identity.id,
        date=date,
        data=data_at_hand(root, evaluation),
        data_seen=data_seen,
        timestamp=timestamp,
        public_id=public_id,
    )
    if not dry_run:
        register(root, evaluation, found)
    return found
