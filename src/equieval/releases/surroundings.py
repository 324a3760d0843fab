"""Traces of the machine and of the people at it, which no published file may carry."""

from __future__ import annotations

import getpass
import re
import socket
import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import equieval

_ANY_ABSOLUTE_PATH = re.compile(
    r"(?<![\w./~:-])/(?:home|Users|root|tmp|var/folders|private/var|mnt|srv)/[\w.+-]+"
    r"|\b[A-Za-z]:\\+(?:Users|Documents and Settings|Temp)\\"
)
# Names that say nothing about anyone: accounts and hosts of containers and build machines.
_NOBODY = frozenset(
    {"root", "user", "admin", "administrator", "runner", "ubuntu", "debian", "jovyan", "vscode"}
    | {"codespace", "guest", "nobody", "docker", "build", "builder", "localhost", "container"}
    | {"worker", "default", "main"}
)
_SHORTEST_NAME = 4
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"}
)
_PNG_HARMLESS_WORDS = frozenset({"Software", "Title", "Description"})
_SVG_DATE = re.compile(r"<dc:date>|<[\w:]*(?:created|modified|creator)\b", re.IGNORECASE)
_SVG_ACTIVE = re.compile(r"<script\b|\son\w+\s*=|<foreignObject\b|<!ENTITY", re.IGNORECASE)


@dataclass(frozen=True)
class Surroundings:
    """The folders, account and host names of the machine that makes a release."""

    folders: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, root: Path) -> Surroundings:
        """Return the surroundings of the project at ``root`` on this machine."""
        folders = {root.resolve(), Path.home(), Path(tempfile.gettempdir()).resolve()}
        host = socket.gethostname()
        names = {_account(), host, host.split(".")[0]}
        names = {n for n in names if len(n) >= _SHORTEST_NAME and n.lower() not in _NOBODY}
        return cls(
            folders=tuple(sorted(str(f) for f in folders if len(f.parts) > 1)),
            names=tuple(sorted(n for n in names if not _is_word_of_ours(n))),
        )

    def paths_in(self, text: str) -> Iterator[str]:
        """Yield a message for each kind of absolute path in a text."""
        for folder in self.folders:
            if re.search(rf"(?<![\w.]){re.escape(folder)}(?![\w-])", text):
                yield "it holds the path of a folder on this machine"
                return
        found = _ANY_ABSOLUTE_PATH.search(text)
        if found:
            yield f"it holds an absolute path (“{found.group()}…”)"

    def names_in(self, text: str, *, stated: str = "") -> Iterator[str]:
        """Yield a message for each account or host name in a text.

        A name that the evaluation itself states (an author, a contact) is no leak.
        """
        for name in self.names:
            pattern = _whole_word(name)
            if re.search(pattern, text) and not re.search(pattern, stated):
                yield "it holds the account or host name of this machine"


def _whole_word(name: str) -> str:
    return rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])"


def _is_word_of_ours(name: str) -> bool:
    """Whether a name is a word of the package (``theme``, ``equieval``): it says nothing then.

    Without this, an account of such a name could never release a page.
    """
    package = Path(equieval.__file__).parent
    texts = (p for p in package.rglob("*") if p.suffix in (".py", ".html", ".css", ".js"))
    return any(re.search(_whole_word(name), p.read_text(encoding="utf-8")) for p in texts)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name leaves nothing to leak
        return ""


def png_findings(content: bytes) -> Iterator[str]:
    """Yield what a PNG carries beside its picture: dates, authors, camera data, trailing bytes."""
    if not content.startswith(_PNG_SIGNATURE):
        yield "it is no PNG image"
        return
    offset = len(_PNG_SIGNATURE)
    while offset + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, offset)
        body = content[offset + 8 : offset + 8 + length]
        offset += 12 + length
        if kind in (b"tEXt", b"iTXt"):
            keyword = body.split(b"\0", 1)[0].decode("latin-1")
            if keyword not in _PNG_HARMLESS_WORDS:
                yield f"its metadata holds “{keyword[:40]}”"
        elif kind not in _PNG_PICTURE_CHUNKS:
            yield f"its metadata holds a block “{kind.decode('latin-1')}”"
        if kind == b"IEND":
            break
    if offset != len(content):
        yield "bytes follow the picture, or it is cut off"


def svg_findings(text: str) -> Iterator[str]:
    """Yield what an SVG carries beside its picture: dates, authors, scripts."""
    if "<svg" not in text[:2000]:
        yield "it is no SVG image"
    if _SVG_DATE.search(text):
        yield "its metadata holds a date or a creator"
    if _SVG_ACTIVE.search(text):
        yield "it holds a script or other active content"


def file_findings(
    name: str, content: bytes, here: Surroundings, *, stated: str = ""
) -> Sequence[str]:
    """Return everything in a file that would give away machine, person or time.

    Parameters
    ----------
    name : file name; its suffix says how to read the content.
    content : the bytes that would be published.
    here : what to look for.
    stated : text in which the evaluation states names of its own accord.
    """
    found: list[str] = []
    suffix = name.rpartition(".")[2].lower()
    text = content.decode("utf-8", errors="replace")
    if suffix == "png":
        found.extend(png_findings(content))
    else:
        if suffix == "svg":
            found.extend(svg_findings(text))
        found.extend(here.names_in(text, stated=stated))
    found.extend(here.paths_in(text))
    return found
