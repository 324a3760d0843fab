"""Disclosure control: the rules by which counts may be published."""

from equieval.disclosure.columns import COUNT_COLUMNS
from equieval.disclosure.declaration import ARTEFACTS_FILE, DECLARATION, bundle_digest
from equieval.disclosure.profiles import PROFILES, Profile, profile
from equieval.disclosure.protect import Protected

__all__ = [
    "ARTEFACTS_FILE",
    "COUNT_COLUMNS",
    "DECLARATION",
    "PROFILES",
    "Profile",
    "Protected",
    "bundle_digest",
    "profile",
]
