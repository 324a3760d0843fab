"""Names of places that do not exist, for units of synthetic data."""

from __future__ import annotations

_NAMES = (
    "Ashmere", "Brindlow", "Calderwick", "Dunmarsh", "Elverholt", "Farrowby", "Glenhallow",
    "Harrowmere", "Inglestow", "Jessaby", "Kestwick", "Lindermouth", "Merrowdale", "Norrinholme",
    "Ostermead", "Pellbrook", "Quenmarsh", "Ravelstone", "Saltersea", "Thornavon",
    "Underholt", "Vennmoor", "Wexcombe", "Yarrowfield", "Amberholt", "Bracklesea",
    "Corranmere", "Drayhollow", "Eskerdale", "Fennimouth", "Garrowhythe", "Hollinstow",
    "Ivelstone", "Kelderbrook", "Larkminster", "Mossavon", "Netherquay", "Orrinsea",
    "Pendlemarsh", "Rushenby", "Silverholt", "Tarnwick", "Ulverbrook", "Wendlecombe",
)  # fmt: skip
_COMPASS = ("", "North ", "South ", "East ", "West ")


def unit_names(number: int, kind: str) -> tuple[str, ...]:
    """Return names of fictional units, ``"Ashmere LMNS"``: the first ones are always the same.

    Raises
    ------
    ValueError : more are asked for than there are names.
    """
    most = len(_NAMES) * len(_COMPASS)
    if not 0 < number <= most:
        raise ValueError(f"there are names for 1 to {most} units, not {number}")
    places = [compass + name for compass in _COMPASS for name in _NAMES]
    return tuple(f"{place} {kind}" for place in places[:number])
