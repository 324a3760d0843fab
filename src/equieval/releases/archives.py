"""Opening archives that others made: nothing in them leaves the folder that they are opened into.

Sizes are counted while bytes arrive, because what an archive says of its own size may be a lie.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from equieval.errors import InputError

_CHUNK = 1 << 16
_LONGEST_NAME = 300
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError,
    EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How large an archive may be once it is open."""

    files: int = 20_000
    file_bytes: int = 256 << 20
    all_bytes: int = 1 << 30


DEFAULT_LIMITS = Limits()


class HostileArchive(InputError):
    """An archive that could do harm, or is none; nothing of it was kept."""


@dataclass
class _Opening:
    """One archive while it is being opened: what was seen, what may still come."""

    archive: Path
    target: Path
    limits: Limits
    seen: dict[str, bool] = field(default_factory=dict)
    written: int = 0

    def refuse(self, what: str, name: str = "") -> HostileArchive:
        shown = "".join(c if c.isprintable() else "?" for c in name[:120])
        return HostileArchive(
            what,
            where=f"{self.archive.name}, entry '{shown}'" if shown else self.archive.name,
            remedy="get the archive again from the people who published it",
        )

    def place(self, name: str, *, folder: bool) -> Path:
        """Return where an entry goes, or refuse its name."""
        if len(self.seen) >= self.limits.files:
            raise self.refuse(f"it holds more than {self.limits.files} files")
        plain = name.removesuffix("/") if folder else name
        parts = plain.split("/")
        if not plain or len(plain) > _LONGEST_NAME:
            raise self.refuse("an entry has no name, or one that is too long", name)
        if plain.startswith("/") or "\\" in plain or ":" in plain:
            raise self.refuse("an entry has an absolute path or one of another system", name)
        if any(part in ("", ".", "..") for part in parts):
            raise self.refuse("the path of an entry leaves the archive", name)
        if any(not c.isprintable() for c in plain):
            raise self.refuse("an entry has control characters in its name", name)
        if any(p.split(".")[0].lower() in _RESERVED or p.endswith((" ", ".")) for p in parts):
            raise self.refuse("an entry has a name that some systems cannot hold", name)
        self._remember(plain, folder=folder)
        return self.target / PurePosixPath(plain)

    def _remember(self, name: str, *, folder: bool) -> None:
        """Refuse a name that comes twice, on file systems that fold case and accents too."""
        key = unicodedata.normalize("NFC", name).casefold()
        if key in self.seen and not (folder and self.seen[key]):
            raise self.refuse("two entries have the same name", name)
        self.seen[key] = folder
        for parent in PurePosixPath(key).parents:
            if self.seen.get(str(parent), True) is False:
                raise self.refuse("an entry lies inside another file", name)

    def write(self, source: IO[bytes], place: Path, name: str) -> None:
        """Write one file, counting what really comes."""
        if place.is_dir():
            raise self.refuse("two entries have the same name", name)
        place.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with place.open("xb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                self.written += len(chunk)
                if size > self.limits.file_bytes:
                    raise self.refuse(f"a file is over {self.limits.file_bytes >> 20} MB", name)
                if self.written > self.limits.all_bytes:
                    raise self.refuse(f"it holds over {self.limits.all_bytes >> 20} MB", name)
                file.write(chunk)


def open_zip(archive: Path, target: Path, *, limits: Limits = DEFAULT_LIMITS) -> None:
    """Open a zip archive into the empty folder ``target``.

    Raises
    ------
    HostileArchive : it is no zip, or an entry could do harm: a path out of the folder, a link,
        a name that comes twice, too many or too large files, encryption.
    """
    opening = _Opening(archive, target, limits)

    def entries() -> None:
        with zipfile.ZipFile(archive) as found:
            if len(found.infolist()) > limits.files:
                raise opening.refuse(f"it holds more than {limits.files} files")
            for entry in found.infolist():
                _zip_entry(opening, found, entry)

    _opened(opening, entries)


def open_tar(archive: Path, target: Path, *, limits: Limits = DEFAULT_LIMITS) -> None:
    """Open a gzip-compressed tar archive into the empty folder ``target``.

    Raises
    ------
    HostileArchive : as for `open_zip`.
    """
    opening = _Opening(archive, target, limits)

    def entries() -> None:
        with gzip.open(archive) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as found:
            for entry in found:
                place = opening.place(entry.name, folder=entry.isdir())
                if entry.isdir():
                    place.mkdir(parents=True, exist_ok=True)
                    continue
                source = found.extractfile(entry) if entry.isreg() else None
                if source is None:
                    raise opening.refuse("an entry is a link or a device", entry.name)
                opening.write(source, place, entry.name)

    _opened(opening, entries)


def _zip_entry(opening: _Opening, found: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    # ZipInfo cuts names at a null byte; the name as it was written shows it.
    name = entry.orig_filename
    mode = entry.external_attr >> 16
    place = opening.place(name, folder=entry.is_dir())
    if entry.flag_bits & 0x1:
        raise opening.refuse("an entry is encrypted", name)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise opening.refuse("an entry is a link or a device", name)
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    with found.open(entry) as source:
        opening.write(source, place, name)


def _opened(opening: _Opening, entries: Callable[[], None]) -> None:
    opening.target.mkdir(parents=True, exist_ok=True)
    try:
        entries()
    except InputError:
        raise
    except FileExistsError:
        raise opening.refuse("two entries have the same name") from None
    except NotADirectoryError:
        raise opening.refuse("an entry lies inside another file") from None
    except _BROKEN as error:
        raise opening.refuse(f"it is no archive that can be opened ({error})") from error
