"""Figures as files: the same bytes for the same drawing, on every run."""

from __future__ import annotations

import re
from io import BytesIO

from matplotlib.figure import Figure

from equieval.present import theme


def svg_bytes(figure: Figure) -> bytes:
    """Return the figure as SVG: the same bytes for the same drawing, every time.

    Text stays text in the reader's own sans-serif font (measured in a wider one, so that
    it fits); there is no date, no program name and no address of another host.
    """
    stream = BytesIO()
    absent = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with theme.figure_style():
        figure.savefig(stream, format="svg", metadata=absent)
    text = stream.getvalue().decode("utf-8")
    text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", text)
    text = re.sub(r"font-family: 'DejaVu Sans'(; )?", "", text)
    family = theme.FONT_BODY.replace('"', "'")
    text = text.replace("</style>", f"text{{font-family: {family}}}</style>", 1)
    text = text.replace('id="matplotlib.', 'id="')
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).encode("utf-8")


def png_bytes(figure: Figure) -> bytes:
    """Return the figure as PNG (150 dots per inch) without date or program name."""
    stream = BytesIO()
    with theme.figure_style():
        figure.savefig(stream, format="png", dpi=theme.PNG_DPI, metadata={"Software": None})
    return stream.getvalue()
