"""Bundles: a version as one file, read back without trusting it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from equieval.errors import InputError
from equieval.releases.archives import DEFAULT_LIMITS, Limits, open_zip
from equieval.releases.layout import MANIFEST, RELEASE_RECORD

CRATE_METADATA = "ro-crate-metadata.json"


@contextmanager
def opened_bundle(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Path]:
    """Open a bundle and give the folder of its version, which is gone afterwards.

    Nothing of the bundle is run or interpreted here.

    Raises
    ------
    InputError : there is no such file, or it is no bundle of a version.
    HostileArchive : the archive could do harm.
    """
    if not path.is_file():
        raise InputError(
            "there is no such bundle", where=str(path), remedy="name a file that exists"
        )
    with tempfile.TemporaryDirectory(prefix="equieval-") as place:
        folder = Path(place) / "bundle"
        open_zip(path, folder, limits=limits)
        absent = [n for n in (RELEASE_RECORD, MANIFEST) if not (folder / n).is_file()]
        if absent:
            raise InputError(
                f"it is no bundle of a released version: it holds no {absent[0]}",
                where=path.name,
                remedy="name a bundle that equieval export wrote",
            )
        # The crate describes the version from outside and is no part of it.
        (folder / CRATE_METADATA).unlink(missing_ok=True)
        yield folder
