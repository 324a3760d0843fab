"""How an output says that it is a declared artefact.

A page writes the declaration when it shows an artefact; the release gate reads it. Both ends
must hash the same bytes, so the hash is defined here, below both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

DECLARATION = "equieval"
"""Key of the output's metadata that holds ``artefact``, ``page`` and ``sha256``."""

ARTEFACTS_FILE = "artefacts.json"
"""The page's list of declared artefacts, beside their files."""


def bundle_digest(bundle: Mapping[str, object]) -> str:
    """Return the SHA-256 (hex) of an output's mime bundle, as canonical JSON.

    >>> bundle_digest({"text/plain": "a", "text/markdown": "b"})[:12]
    'e82a0811a8a3'
    """
    text = json.dumps(dict(bundle), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
