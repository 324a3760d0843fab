"""What readers already have of the same counts: earlier versions, and other evaluations.

Ledgers know their cells by keyed ids, so a count is looked up by what the ledger's evaluation
would have called it: the same source may have another id there, and other groups or periods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equieval.disclosure.cells import Quantities, quantity_name
from equieval.disclosure.groupings import Beside, Grid
from equieval.disclosure.ledger import Entry, Ledger, cell_id, other_ledgers, read_ledgers
from equieval.disclosure.profiles import PROFILES, Profile
from equieval.errors import DisclosureRefused

Name = Callable[[tuple[str, ...]], str]
_FINANCIAL_YEAR = "Y-MAR"


@dataclass(frozen=True)
class Earlier:
    """Ledgers of versions that readers have, their cells known by the ids of this evaluation.

    Attributes
    ----------
    own : of earlier versions of the evaluation, the latest first.
    others : of other evaluations of the project.
    beside : those of both that cut the counts otherwise.
    """

    own: tuple[Ledger, ...] = ()
    others: tuple[Ledger, ...] = ()
    beside: tuple[Beside, ...] = ()


def naming(key: bytes, grid: Grid) -> Name:
    """Return the keyed id of a cell (quantity, unit, period, stratum) of a grid."""
    # A calendar year and the financial year that ends in it have the same number.
    prefix = "financial year " if grid.frequency == _FINANCIAL_YEAR else ""

    def name(row: tuple[str, ...]) -> str:
        quantity, unit, period, stratum = row
        return cell_id(key, (grid.dimension, quantity, unit, f"{prefix}{period}", stratum))

    return name


def earlier_versions(
    root: Path,
    evaluation_id: str,
    *,
    key: bytes,
    grid: Grid,
    rows: Iterable[tuple[str, ...]],
    quantities: Quantities,
    sources: dict[str, str],
    rules: Profile,
) -> Earlier:
    """Read the ledgers of a project as far as they know the counts of an evaluation.

    Parameters
    ----------
    root, evaluation_id : the project and the evaluation.
    key : the private key.
    grid : how the evaluation cuts its counts.
    rows : quantity, unit, period, stratum of every count.
    quantities : what the quantities add up.
    sources : id → fingerprint of the evaluation's sources.
    rules : its disclosure profile.

    Raises
    ------
    DisclosureRefused : a ledger cannot be read; or the same counts were released by rules that
        cannot stand beside these.
    """
    found = (read_ledgers(root, evaluation_id), other_ledgers(root, evaluation_id))
    if not any(found):
        return Earlier()
    every = list(rows)
    own, others = (
        tuple(_known_here(ledger, key, grid, every, quantities, sources) for ledger in ledgers)
        for ledgers in found
    )
    cut_otherwise = [
        ledger
        for ledger in (*found[0], *found[1])
        if ledger.dimension
        and (ledger.dimension, ledger.frequency) != (grid.dimension, grid.frequency)
    ]
    beside = tuple(_beside(cut_otherwise, key, quantities, sources))
    ids = {naming(key, grid)(row) for row in every}
    _refuse_other_rules([ledger for ledger in (*own, *others) if ids & set(ledger.cells)], rules)
    return Earlier(own, others, beside)


def _known_here(
    ledger: Ledger,
    key: bytes,
    grid: Grid,
    rows: Sequence[tuple[str, ...]],
    quantities: Quantities,
    sources: dict[str, str],
) -> Ledger:
    """Return a ledger with its cells under the ids of this evaluation."""
    called = _their_sources(ledger, sources)
    if all(ours == theirs for ours, theirs in called.items()):
        return ledger
    name = naming(key, grid)
    cells = dict(ledger.cells)
    for row in rows:
        theirs = name((_renamed(row[0], quantities, called), *row[1:]))
        if theirs in ledger.cells:
            cells[name(row)] = ledger.cells[theirs]
    return replace(ledger, cells=cells)


def _their_sources(ledger: Ledger, sources: dict[str, str]) -> dict[str, str]:
    """Return what the ledger's evaluation calls each source: the one of the same fingerprint."""
    by_digest = {digest: name for name, digest in sorted(ledger.sources.items(), reverse=True)}
    return {
        ours: ours if ours in ledger.sources else by_digest.get(digest, ours)
        for ours, digest in sources.items()
    }


def _renamed(quantity: str, quantities: Quantities, called: dict[str, str]) -> str:
    """Return the name of a quantity where its sources are called otherwise."""
    columns = quantities.columns.get(quantity)
    if columns is None:
        return quantity
    return quantity_name(frozenset(_column(column, called) for column in columns))


def _column(column: str, called: dict[str, str]) -> str:
    for ours, theirs in called.items():
        for mark in (".", ":"):
            if column.startswith(f"{ours}{mark}"):
                return f"{theirs}{column.removeprefix(ours)}"
    return column


def _beside(
    ledgers: Sequence[Ledger], key: bytes, quantities: Quantities, sources: dict[str, str]
) -> Iterator[Beside]:
    """Yield the versions that cut the counts otherwise, those of one evaluation together."""
    together: dict[tuple[str, ...], list[Ledger]] = {}
    for ledger in ledgers:
        cut = (ledger.evaluation, ledger.dimension, ledger.frequency, ledger.profile)
        together.setdefault(cut, []).append(ledger)
    for versions in together.values():
        latest = versions[0]
        rules = PROFILES.get(latest.profile)
        if rules is None:
            continue
        cells = dict(item for ledger in reversed(versions) for item in ledger.cells.items())
        grid = Grid(latest.dimension, latest.levels, latest.frequency)
        name, called = naming(key, grid), _their_sources(latest, sources)

        def find(
            row: tuple[str, ...],
            name: Name = name,
            cells: dict[str, Entry] = cells,
            called: dict[str, str] = called,
        ) -> Entry | None:
            return cells.get(name((_renamed(row[0], quantities, called), *row[1:])))

        yield Beside(latest.name, grid, rules.counting, find)


def _refuse_other_rules(ledgers: Sequence[Ledger], rules: Profile) -> None:
    """Refuse to show counts as they are that were released rounded or withheld, and vice versa."""
    for ledger in ledgers:
        theirs = PROFILES.get(ledger.profile)
        if theirs is not None and theirs.counting.exact != rules.counting.exact:
            raise DisclosureRefused(
                f"{ledger.name} shows the same counts under '{ledger.profile}', whose rules cannot "
                f"stand beside those of '{rules.id}': side by side they give small counts away",
                where="disclosure.profile",
                remedy="use one profile for one source of data",
            )
