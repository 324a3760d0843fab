"""Where a number comes from: addresses on the page of a report that traces every number.

Figures, tables and sentences link to that page; `equieval.releases.provenance_page` makes it when
a version is frozen. Both take the addresses from here.
"""

from __future__ import annotations

import re
from urllib.parse import quote

ORIGINS_PAGE = "provenance"
"""The slug of the page."""

PLACES = {"figure": "fig", "table": "tbl", "statement": "say"}
"""The id of an artefact on its own page begins with this, by its kind."""


def artefact_anchor(slug: str, artefact_id: str) -> str:
    """Return the id under which the page describes an artefact of the page ``slug``."""
    return f"{slug}.{artefact_id}"


def estimate_anchor(estimate_id: str) -> str:
    """Return the id of an estimate's row on the page.

    >>> estimate_anchor("effect.rate.White British")
    'est-effect.rate.White-British'
    """
    return "est-" + re.sub(r"\s+", "-", estimate_id)


def origin_address(anchor: str) -> str:
    """Return the address of an anchor on the page, from any page of the same version."""
    return f"{ORIGINS_PAGE}.html#{quote(anchor)}"
