"""Which renderer makes the pages: Quarto where it is installed, the embedded one otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from equieval.errors import InputError, did_you_mean
from equieval.protocol.root import project_root
from equieval.releases.renderer import Renderer
from equieval.site.pandoc import PandocRenderer
from equieval.site.quarto import PROGRAM, QuartoRenderer, quarto_program

CHOICES = ("auto", "quarto", "pandoc")


class SiteRenderer(Renderer, Protocol):
    """A renderer of versions that also renders the pages around them."""

    def render_site(self, output: Path) -> None:
        """Render the root project's own pages into ``output``."""
        ...


def choose_renderer(name: str = "auto", *, root: Path | None = None) -> SiteRenderer:
    """Return the renderer called ``name``; ``auto`` takes Quarto if it is on the PATH.

    Parameters
    ----------
    root : the project whose site the pages belong to; the one around the current folder if left
        out.

    Raises
    ------
    InputError : no renderer has that name, or there is no project.
    EnvironmentFault : Quarto is asked for and is not installed.
    """
    if name not in CHOICES:
        raise InputError(f"unknown renderer '{name}'", remedy=did_you_mean(name, CHOICES))
    folder = (root or project_root()).resolve()
    if name == "auto":
        name = "quarto" if shutil.which(PROGRAM) else "pandoc"
    if name == "pandoc":
        return PandocRenderer(folder)
    quarto_program()
    return QuartoRenderer(folder)
