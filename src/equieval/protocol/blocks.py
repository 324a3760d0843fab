"""The top-level blocks of a parameters file, and reading them from a set of given ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast, overload

from equieval.errors import ParametersError
from equieval.protocol.design import Design, DesignField, Robustness
from equieval.protocol.fields import Block
from equieval.protocol.identity import Disclosure, Identity, Programme, Release
from equieval.protocol.intervention import Intervention, Population
from equieval.protocol.outcomes import Equity, Outcomes
from equieval.protocol.sources import Data

#: Each block with the type of its value, in the order of a parameters file.
BLOCKS: Mapping[str, Any] = {
    "identity": Identity,
    "programme": Programme,
    "intervention": Intervention,
    "population": Population,
    "data": Data,
    "outcomes": Outcomes,
    "equity": Equity,
    "design": DesignField,
    "robustness": Robustness,
    "disclosure": Disclosure,
    "release": Release,
}
#: Blocks that a file may leave out, because every field of theirs has a default.
WITH_DEFAULTS: Mapping[str, type[Block]] = {"robustness": Robustness, "release": Release}
#: Blocks that an evaluation without an intervention may leave out.
NOT_FOR_AUDITS = ("intervention",)

B = TypeVar("B")


class _Given(Generic[B]):
    """Reads a block from those given, or says that it was not."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _Given[B]: ...

    @overload
    def __get__(self, instance: GivenBlocks, owner: type) -> B: ...

    def __get__(self, instance: GivenBlocks | None, owner: type) -> B | _Given[B]:
        if instance is None:
            return self
        if self.name not in instance.given:
            raise ParametersError(
                f"the block '{self.name}' is read here but was not given",
                where=instance.where,
                remedy=f"add '{self.name}' to the parameters; a page declares it in the cell "
                "tagged 'parameters' and passes it on",
            )
        return cast(B, instance.given[self.name])


@dataclass(frozen=True)
class GivenBlocks:
    """Validated blocks, all of a file's or those that a page reads.

    Attributes
    ----------
    given : the blocks that were given, by name.
    where : where they come from, for messages.
    """

    given: Mapping[str, Block]
    where: str = field(compare=False)

    identity = _Given[Identity]()
    programme = _Given[Programme]()
    intervention = _Given[Intervention]()
    population = _Given[Population]()
    data = _Given[Data]()
    outcomes = _Given[Outcomes]()
    equity = _Given[Equity]()
    design = _Given[Design]()
    robustness = _Given[Robustness]()
    disclosure = _Given[Disclosure]()
    release = _Given[Release]()

    def has(self, *names: str) -> bool:
        """Return whether all these blocks were given."""
        return all(name in self.given for name in names)

    def blocks(self) -> dict[str, dict[str, Any]]:
        """Return the blocks in canonical form: JSON-able, defaults filled in, file order.

        The same evaluation gives the same blocks however it was written, so they are what
        caches and digests are made of.
        """
        return {
            name: self.given[name].model_dump(mode="json", exclude_none=True)
            for name in BLOCKS
            if name in self.given
        }
