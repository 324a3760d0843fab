"""The dimensions of inequality that an evaluation can be about.

A dimension that is not listed here is a local one: its id starts with ``local-``, so that a
misspelt id is never taken for a new dimension.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LOCAL_PREFIX = "local-"


@dataclass(frozen=True)
class Dimension:
    """What is known of a dimension before any data are read.

    Attributes
    ----------
    id, label : what a parameters file writes; what a page shows.
    stratifier : the stratifier of the indicator catalogue it belongs to.
    levels : how many levels it has, where that is fixed.
    deprivation : whether it is cut from an index of deprivation, so that the edition matters.
    numbered : whether its levels are numbers whose direction differs between sources.
    """

    id: str
    label: str
    stratifier: str
    levels: int | None = None
    deprivation: bool = False
    numbered: bool = False


_DIMENSIONS = (
    Dimension("imd-decile", "IMD decile", "deprivation", 10, deprivation=True, numbered=True),
    Dimension("imd-quintile", "IMD quintile", "deprivation", 5, deprivation=True, numbered=True),
    Dimension("core20", "Core20 and the rest", "core20", 2, deprivation=True),
    Dimension("ethnic-group", "Broad ethnic group", "ethnicity"),
    Dimension("ethnic-category", "Ethnic category", "ethnicity"),
    Dimension("ethnic-group-by-core20", "Ethnic group by Core20", "ethnicity", deprivation=True),
    Dimension("staff-ethnicity", "Staff ethnicity (BME, White)", "staff-ethnicity", 2),
    Dimension("age-band", "Age band", "age"),
    Dimension("sex", "Sex", "sex"),
    Dimension("disability", "Disability", "disability"),
    Dimension("religion", "Religion", "religion"),
    Dimension("sexual-orientation", "Sexual orientation", "sexual-orientation"),
    Dimension("rurality", "Rural and urban", "geography"),
    Dimension("coastal", "Coastal and inland", "geography"),
    Dimension("inclusion-group", "Inclusion-health group", "inclusion"),
)

DIMENSIONS: Mapping[str, Dimension] = MappingProxyType({d.id: d for d in _DIMENSIONS})


def dimension(id: str) -> Dimension:
    """Return what is known of a dimension; a local one has no more than its id.

    Raises
    ------
    KeyError : neither a listed id nor a local one.
    """
    if id in DIMENSIONS:
        return DIMENSIONS[id]
    if id.startswith(LOCAL_PREFIX) and len(id) > len(LOCAL_PREFIX):
        return Dimension(id, id.removeprefix(LOCAL_PREFIX).replace("-", " "), "local")
    raise KeyError(id)
