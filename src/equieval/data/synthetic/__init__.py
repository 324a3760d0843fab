"""Synthetic data with known truth for every design: seeded, labelled, about no real place."""

from equieval.data.synthetic.files import write_synthetic
from equieval.data.synthetic.groups import (
    DECILES,
    ETHNIC_BY_CORE20,
    ETHNIC_GROUPS,
    INCLUSION_GROUPS,
    QUINTILES,
    STAFF_ETHNICITY,
    Groups,
)
from equieval.data.synthetic.options import (
    CONTINUITY,
    EARLY_BOOKING,
    SMOKING,
    STILLBIRTH,
    Dropouts,
    Effect,
    Flaws,
    Recording,
    Selection,
    Setting,
    Variation,
)
from equieval.data.synthetic.panels import did_panel, single_treated_panel, staggered_panel
from equieval.data.synthetic.record import LABEL, Synthetic
from equieval.data.synthetic.series import its_births
from equieval.data.synthetic.sources import (
    BOOKING_BY_ETHNIC_GROUP,
    Disagreements,
    audit_sources,
)
from equieval.data.synthetic.workforce import workforce_years

__all__ = [
    "BOOKING_BY_ETHNIC_GROUP",
    "CONTINUITY",
    "DECILES",
    "EARLY_BOOKING",
    "ETHNIC_BY_CORE20",
    "ETHNIC_GROUPS",
    "INCLUSION_GROUPS",
    "LABEL",
    "QUINTILES",
    "SMOKING",
    "STAFF_ETHNICITY",
    "STILLBIRTH",
    "Disagreements",
    "Dropouts",
    "Effect",
    "Flaws",
    "Groups",
    "Recording",
    "Selection",
    "Setting",
    "Synthetic",
    "Variation",
    "audit_sources",
    "did_panel",
    "its_births",
    "single_treated_panel",
    "staggered_panel",
    "workforce_years",
    "write_synthetic",
]
