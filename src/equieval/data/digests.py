"""Fingerprints of the data behind an evaluation.

A plain hash of a small table can be inverted: whoever guesses the table can confirm the
guess, and a count of 3 falls at once. So only open data carry a plain SHA-256; all other
data carry an HMAC-SHA-256 (RFC 2104) under a key that never leaves the private folder.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from equieval.errors import DataError

KEY_FILE = Path(".equieval") / "private" / "key"
_KEY_BYTES = 32
_CHUNK = 1 << 20


def file_digest(path: Path, *, open_data: bool, root: Path) -> str:
    """Return the fingerprint of a file's bytes.

    Parameters
    ----------
    path : the file.
    open_data : whether the figures are published already.
    root : the project's folder, which holds the private key.

    Returns
    -------
    ``sha256:<hex>`` for open data, ``hmac-sha256:<hex>`` otherwise.
    """
    return _digest(_chunks(path), open_data=open_data, root=root)


def text_digest(text: str, *, open_data: bool, root: Path) -> str:
    """Return the fingerprint of a text, such as the canonical rows of a database query."""
    return _digest([text.encode()], open_data=open_data, root=root)


def private_key(root: Path) -> bytes:
    """Return the project's private key; make it at first use, readable by its owner only.

    Raises
    ------
    DataError : the key file does not hold a key.
    """
    path = root / KEY_FILE
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (UnicodeDecodeError, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise DataError(
            "the private key is damaged",
            where=KEY_FILE.as_posix(),
            remedy=(
                "restore it from your backup; deleting it makes a new key, and every "
                "fingerprint made with the old one then differs"
            ),
        )
    return key


def _make_key(path: Path) -> None:
    """Write a new key under its final name in one step; the first of two writers wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        # A hard link never replaces what is there, so side-by-side pages agree on one key.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _digest(chunks: Iterable[bytes], *, open_data: bool, root: Path) -> str:
    if open_data:
        plain = hashlib.sha256()
        for chunk in chunks:
            plain.update(chunk)
        return f"sha256:{plain.hexdigest()}"
    keyed = hmac.new(private_key(root), digestmod=hashlib.sha256)
    for chunk in chunks:
        keyed.update(chunk)
    return f"hmac-sha256:{keyed.hexdigest()}"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
