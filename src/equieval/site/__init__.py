"""The site: reports as they were published, and the pages around them.

`build` makes the whole site of a project; `choose_renderer` gives the command line the
renderer that a release is frozen with. Everything else in this room is how that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from equieval.site.assemble import SiteBuilt, build
    from equieval.site.renderers import choose_renderer

__all__ = ["SiteBuilt", "build", "choose_renderer"]

_HOME = {"SiteBuilt": "assemble", "build": "assemble", "choose_renderer": "renderers"}


def __getattr__(name: str) -> object:
    """Import on first use, so that `equieval --help` loads nothing of this room."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
