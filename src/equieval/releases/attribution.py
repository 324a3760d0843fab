"""Which change moved the numbers: reruns with one thing of the later version at a time.

Three things can be exchanged: the data (with the block that describes them), the other
parameters, and the code (package and notebooks). Starting from the earlier version, each is
exchanged alone, and the difference it makes to an estimate is its own effect. What the effects
alone do not add up to is the interaction, and it is shown. Packages of other versions cannot be
brought back here: what two reruns in one environment do not show, the environment did.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from equieval.errors import EquievalError
from equieval.protocol.loading import parse
from equieval.releases.integrity import listed
from equieval.releases.rerun import Materials, Rerun, materials, other_data, rerun
from equieval.releases.runrecord import RunRecord
from equieval.releases.version import Release

FACTORS = ("data", "parameters", "code")
ENVIRONMENT, INTERACTION = "environment", "interaction"
ATTRIBUTION_COLUMNS = ("id", "difference", *FACTORS, INTERACTION, ENVIRONMENT)
DATA_BLOCK = "data"
WORDS_ONLY = frozenset({"identity", "release"})
"""Blocks that say who and when; no estimate is made from them."""

_RECIPE_WORDS = {"nothing": "the earlier version", "everything": "the later version"}
_WITH = "the earlier version with the later {}"
Step = Callable[[str], None]


@dataclass(frozen=True)
class Attribution:
    """What moved the numbers between two versions.

    Attributes
    ----------
    changed : the things that differ between the versions.
    table : one row per estimate of both versions, `ATTRIBUTION_COLUMNS`: the published
        difference, the effect of each thing alone, the interaction, and what is left to the
        environment. NaN where a rerun could not give it; 0 for what did not change.
    reruns : how many reruns it rests on; 0 where only one thing changed.
    unknown : why something could not be told, in words.
    """

    changed: tuple[str, ...]
    table: pd.DataFrame
    reruns: int
    unknown: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the attribution as plain data; missing numbers are None."""
        rows = self.table.astype(object).where(self.table.notna(), None)
        return {
            "changed": list(self.changed),
            "reruns": self.reruns,
            "unknown": list(self.unknown),
            "estimates": rows.to_dict("records"),
        }


def changed_things(before: Path, after: Path) -> tuple[str, ...]:
    """Return which of data, parameters, code and environment differ between two versions.

    Raises
    ------
    ReleaseError : a run record cannot be read.
    """
    old, new = RunRecord.load(before), RunRecord.load(after)
    blocks = [_blocks((folder / "params.yaml").read_bytes()) for folder in (before, after)]
    words = WORDS_ONLY | {DATA_BLOCK}
    others = [{k: v for k, v in given.items() if k not in words} for given in blocks]
    differs = {
        "data": old.data != new.data or blocks[0].get(DATA_BLOCK) != blocks[1].get(DATA_BLOCK),
        "parameters": others[0] != others[1],
        "code": (old.package, old.notebooks) != (new.package, new.notebooks),
        ENVIRONMENT: old.environment != new.environment,
    }
    return tuple(name for name, changed in differs.items() if changed)


def attribute(
    before: Release, after: Release, *, data: Path | None = None, step: Step = lambda words: None
) -> Attribution:
    """Say which change moved each estimate, by reruns where more than one thing changed.

    Parameters
    ----------
    before, after : two versions of one evaluation.
    data : folder laid out as the project, for data that the versions do not carry.
    step : told in words before each rerun.

    Raises
    ------
    ReleaseError : a version cannot be read.
    """
    changed = changed_things(before.path, after.path)
    published = _difference(before.estimates(), after.estimates())
    if len(changed) <= 1:
        alone = changed[0] if changed else ENVIRONMENT
        table = _empty(published, changed)
        table[alone] = published.to_numpy()
        return Attribution(changed, table[list(ATTRIBUTION_COLUMNS)], 0, ())
    with tempfile.TemporaryDirectory(prefix="equieval-") as place:
        versions = [
            materials(version.path, data=data, code=Path(place) / version.name)
            for version in (before, after)
        ]
        absent = [
            *(f"the data are missing: {m}" for version in versions for m in version.missing),
            *(
                f"the data of '{source}' here are not those of {version.name}"
                for version, found in zip((before, after), versions, strict=True)
                for source in other_data(found)
            ),
        ]
        if absent:
            return Attribution(changed, _empty(published, changed), 0, tuple(absent))
        return _by_reruns(versions[0], versions[1], changed, published, step)


def _by_reruns(
    old: Materials,
    new: Materials,
    changed: tuple[str, ...],
    published: pd.Series[float],
    step: Step,
) -> Attribution:
    factors = [name for name in FACTORS if name in changed]
    recipes: dict[str, dict[str, Materials]] = {
        "nothing": dict.fromkeys(FACTORS, old),
        "everything": dict.fromkeys(FACTORS, new),
    }
    if len(factors) > 1:
        recipes |= {name: {**recipes["nothing"], name: new} for name in factors}
    estimates, unknown = {}, []
    for number, (name, parts) in enumerate(recipes.items(), start=1):
        step(f"Rerun {number} of {len(recipes)}: {_RECIPE_WORDS.get(name, _WITH.format(name))}")
        try:
            done = rerun(_mixed(**parts))
        except EquievalError as error:
            unknown.append(f"{_RECIPE_WORDS.get(name, _WITH.format(name))}: {error.what}")
            continue
        estimates[name] = done.estimates
        unknown += _failures(_RECIPE_WORDS.get(name, _WITH.format(name)), done)
    table = _empty(published, changed)
    effects = {
        name: _difference(estimates["nothing"], found).reindex(published.index).to_numpy()
        for name, found in estimates.items()
        if "nothing" in estimates
    }
    nothing_known = [float("nan")] * len(published)
    whole = pd.Series(effects.get("everything", nothing_known), index=published.index)
    if len(factors) == 1:
        effects[factors[0]] = whole.to_numpy()
    for name in factors:
        table[name] = effects.get(name, nothing_known)
    # Where a thing alone cannot be rerun, because it needs another, its effect is theirs together.
    alone = pd.Series(table[factors].sum(axis=1).to_numpy(), index=published.index)
    table[INTERACTION] = (whole - alone).to_numpy() if len(factors) > 1 else 0.0
    table[ENVIRONMENT] = (published - whole).to_numpy()
    return Attribution(
        changed, table[list(ATTRIBUTION_COLUMNS)], len(recipes), tuple(dict.fromkeys(unknown))
    )


def _failures(recipe: str, done: Rerun) -> list[str]:
    """Say once why pages could not be run again, and which."""
    places: dict[str, list[str]] = {}
    for failed in done.failures:
        why = (failed.message.splitlines() or ["no message"])[0]
        places.setdefault(why, []).append(failed.where)
    return [f"{recipe}: {why} ({listed(where)})" for why, where in places.items()]


def _mixed(data: Materials, parameters: Materials, code: Materials) -> Materials:
    """Put data, parameters and code of two versions together."""
    blocks = dict(_blocks(parameters.parameters))
    blocks[DATA_BLOCK] = _blocks(data.parameters)[DATA_BLOCK]
    text = yaml.safe_dump(blocks, sort_keys=False, allow_unicode=True)
    return replace(
        code,
        parameters=text.encode(),
        sources=data.sources,
        inputs=data.inputs,
        key=data.key,
        scratch=data.scratch,
        missing=data.missing,
    )


def _blocks(parameters: bytes) -> Mapping[str, Any]:
    return parse(parameters.decode()).values


def _difference(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series[float]:
    """Return the difference of each estimate that both tables have, by id."""
    one, two = (t.set_index("id")["estimate"].astype("float64") for t in (before, after))
    return (two - one).dropna()


def _empty(published: pd.Series[float], changed: tuple[str, ...]) -> pd.DataFrame:
    """Return the table with nothing told yet: 0 for what did not change, NaN for what did."""
    table = pd.DataFrame({"id": published.index, "difference": published.to_numpy()})
    for name in (*FACTORS, INTERACTION, ENVIRONMENT):
        known = name not in changed and (name != INTERACTION or len(changed) < 2)
        table[name] = 0.0 if known else float("nan")
    return table
