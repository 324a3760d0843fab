"""Publishing to an S3-compatible bucket, through fsspec.

A bucket cannot exchange two sites in one step: only single objects are replaced whole. So the
order is what keeps readers safe. What is new comes first, when nothing refers to it yet; then what
pages load; then the pages, the front page last; then ``versions.*``, which announce the rest; and
what the new site lacks goes last, pages before the files that they show. Whatever stops a
publication, each page is wholly the old or wholly the new one, every file that it refers to is
there, and no reader is told of a version that is not complete. Publishing again finishes it.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from equieval.errors import EnvironmentFault, InputError
from equieval.releases.manifest import plain_files
from equieval.releases.publish import LAST, MARK, Published, ordered

SCHEME = "s3"
UNFINISHED = ".equieval-publishing"
"""An object that is there while a publication is under way, or was stopped."""

_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?\Z")
_DIGEST = "equieval-sha256"  # metadata of each object that we wrote
_SIDE_BY_SIDE = 8
_TYPES = {  # what the standard library does not know, or not on every system
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".ipynb": "application/x-ipynb+json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".cff": "application/yaml",
    ".lock": "text/plain",
    ".gz": "application/gzip",
}


@dataclass(frozen=True)
class Stored:
    """An object as a listing tells of it: its size, and the MD5 of its bytes as a rule."""

    size: int
    tag: str


class Store(Protocol):
    """The objects below one prefix of a bucket, by their names in the site."""

    def listed(self) -> Mapping[str, Stored]:
        """Return every object."""
        ...

    def digest(self, name: str) -> str:
        """Return the SHA-256 that an object of ours carries; empty for others."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write an object, whole or not at all."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object."""
        ...


@dataclass(frozen=True)
class Steps:
    """What a publication does, one step after the other; each is done before the next begins.

    Attributes
    ----------
    put : groups of files to write.
    delete : groups of objects to remove.
    """

    put: tuple[tuple[str, ...], ...]
    delete: tuple[tuple[str, ...], ...]

    @property
    def nothing(self) -> bool:
        """Whether the bucket holds this very site."""
        return not any(self.put) and not any(self.delete)


def publish_bucket(
    site: Path, address: str, *, endpoint: str | None = None, store: Store | None = None
) -> Published:
    """Make the objects below a prefix the site.

    Parameters
    ----------
    site : the site's folder.
    address : ``s3://bucket`` or ``s3://bucket/prefix``.
    endpoint : address of the service; the one of the environment (``AWS_ENDPOINT_URL``), or
        Amazon's own, when left out. Credentials come from the environment as usual.
    store : the objects, where they are not to be reached by the address.

    Raises
    ------
    InputError : the address is none, or there is something else than a site of ours.
    EnvironmentFault : the package s3fs is not installed, or the bucket cannot be written to.
    """
    objects = store if store is not None else S3Store.at(address, endpoint)
    files = plain_files(site)
    with _explaining(address):
        there = objects.listed()
        _refuse_foreign(there, address)
        steps = steps_to(files, there, objects.digest)
        if steps.nothing and UNFINISHED not in there:
            return Published(address, changed=False, files=len(files))
        objects.put(UNFINISHED, b"A publication is under way, or was stopped: publish again.\n")
        for group in steps.put:
            _each(group, lambda name: objects.put(name, files[name].read_bytes()))
        for group in steps.delete:
            _each(group, objects.delete)
        objects.delete(UNFINISHED)
    return Published(address, changed=True, files=len(files))


def steps_to(
    files: Mapping[str, Path], there: Mapping[str, Stored], digest: Callable[[str], str]
) -> Steps:
    """Return what turns the objects that are there into the site.

    Objects that we did not write (a host's proof of ownership, say) are left alone.
    """
    new = [name for name in files if name not in there]
    changed = [n for n in files if n in there and not _same(n, files[n], there[n], digest)]
    gone = [n for n in there if n not in files and n != UNFINISHED and digest(n)]
    return Steps(
        put=(
            _of("loaded", new),
            (*_of("page", new), *_of("front page", new)),
            _of("loaded", changed),
            _of("page", changed),
            _of("front page", changed),
            *((name,) for name in ordered(_of("announcing", [*new, *changed]))),
        ),
        delete=((*_of("page", gone), *_of("front page", gone)), _of("loaded", gone)),
    )


class S3Store:
    """The objects below a prefix of a bucket that a service of the S3 kind holds."""

    def __init__(self, files: Any, place: str) -> None:
        self._files, self._place = files, place

    @classmethod
    def at(cls, address: str, endpoint: str | None = None) -> S3Store:
        """Return the objects at ``s3://bucket/prefix``.

        Raises
        ------
        InputError : it is no such address.
        EnvironmentFault : the package s3fs is not installed.
        """
        matched = _ADDRESS.match(address)
        if matched is None or ".." in (matched["prefix"] or "").split("/"):
            raise InputError(
                f"'{address}' is no address in a bucket",
                where="--to",
                remedy="write it like s3://bucket/prefix",
            )
        try:
            import fsspec
            import s3fs  # noqa: F401 -- fsspec takes it by name, and is there without it too
        except ImportError as error:
            raise EnvironmentFault(
                "publishing to a bucket needs the package s3fs, which is not installed",
                where=address,
                remedy="install it (pip install 'equieval[s3]'), or publish to a folder",
            ) from error
        options = {"endpoint_url": endpoint} if endpoint else {}
        files = fsspec.filesystem(
            SCHEME, use_listings_cache=False, skip_instance_cache=True, **options
        )
        prefix = (matched["prefix"] or "").strip("/")
        return cls(files, f"{matched['bucket']}/{prefix}" if prefix else matched["bucket"])

    def listed(self) -> Mapping[str, Stored]:
        """Return every object; none where the prefix is not there yet."""
        # A listing of nothing does not tell an empty bucket from one that is not there.
        self._files.call_s3("list_objects_v2", Bucket=self._place.partition("/")[0], MaxKeys=1)
        found = self._files.find(self._place, detail=True)
        return {
            name.removeprefix(f"{self._place}/"): Stored(
                int(facts["size"]), str(facts.get("ETag", "")).strip('"')
            )
            for name, facts in found.items()
        }

    def digest(self, name: str) -> str:
        """Return the SHA-256 that an object of ours carries; empty for others."""
        metadata: Mapping[str, str] = self._files.metadata(self._key(name))
        return metadata.get(_DIGEST, "")

    def put(self, name: str, content: bytes) -> None:
        """Write an object, whole or not at all, with its type and its SHA-256."""
        self._files.pipe_file(
            self._key(name),
            content,
            ContentType=_content_type(name),
            CacheControl="no-cache",  # kept, but asked for again: pages change in place
            Metadata={_DIGEST: hashlib.sha256(content).hexdigest()},
        )

    def delete(self, name: str) -> None:
        """Remove an object."""
        self._files.rm_file(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._place}/{name}"


def _of(kind: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if _kind(name) == kind)


def _kind(name: str) -> str:
    if name in LAST:
        return "announcing"
    if name == "index.html":
        return "front page"
    return "page" if name.endswith(".html") else "loaded"


def _same(name: str, path: Path, stored: Stored, digest: Callable[[str], str]) -> bool:
    """Whether an object holds a file's bytes.

    A listing tells the MD5 unless an object came in parts or is encrypted with a key of the
    host's; then its own metadata say.
    """
    content = path.read_bytes()
    if len(content) != stored.size:
        return False
    if hashlib.md5(content, usedforsecurity=False).hexdigest() == stored.tag:
        return True
    return hashlib.sha256(content).hexdigest() == digest(name)


def _content_type(name: str) -> str:
    suffix = Path(name).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/json", "application/yaml")
    return f"{kind}; charset=utf-8" if text else kind


def _each(names: Sequence[str], do: Callable[[str], None]) -> None:
    """Do one thing for each name, some side by side; all are done when this returns."""
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        jobs = [pool.submit(do, name) for name in names]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _refuse_foreign(there: Mapping[str, Stored], address: str) -> None:
    if there and MARK not in there and UNFINISHED not in there:
        raise InputError(
            "there are objects that are no site of equieval",
            where=address,
            remedy="name a prefix that is empty or new",
        )


@contextmanager
def _explaining(address: str) -> Iterator[None]:
    """Say in words what the service or the way to it refuses."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise EnvironmentFault(
            f"the bucket cannot be read or written ({said}); every page that is there is whole",
            where=address,
            remedy="see that address, endpoint and credentials are right, then publish again",
        ) from error
