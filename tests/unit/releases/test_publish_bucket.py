"""Publishing to an S3-compatible bucket, held against the server of moto on this machine.

A bucket has no exchange in one step, so the promise is by page: whatever stops a publication, each
page is wholly old or wholly new, all it refers to is there, and versions are announced last.
"""

from __future__ import annotations

import builtins
import random
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from equieval.errors import EnvironmentFault, InputError
from equieval.releases.manifest import plain_files
from equieval.releases.publish_bucket import UNFINISHED, S3Store, Stored, publish_bucket
from equieval.site.checks import check_site

boto3 = pytest.importorskip("boto3")
PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>{0}</title>
<link rel="stylesheet" href="{1}"></head><body><h1>{0}</h1>{2}</body></html>
"""


class Killed(BaseException):
    """The process is gone."""


class CutShort:
    """A store whose process is killed after so many writes."""

    def __init__(self, store: S3Store, writes: int) -> None:
        self.store, self.left, self.lock = store, writes, threading.Lock()

    def listed(self) -> Mapping[str, Stored]:
        return self.store.listed()

    def digest(self, name: str) -> str:
        return self.store.digest(name)

    def put(self, name: str, content: bytes) -> None:
        self._count()
        self.store.put(name, content)

    def delete(self, name: str) -> None:
        self._count()
        self.store.delete(name)

    def _count(self) -> None:
        with self.lock:
            if self.left == 0:
                raise Killed
            self.left -= 1


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def site(folder: Path, versions: int, words: str, index: str) -> Path:
    """A site whose pages link to each other, to data, and load assets of their own."""
    listed = [f"reports/one/v{n}" for n in range(1, versions + 1)]
    links = "".join(f'<a href="{place}/index.html">{place}</a>' for place in listed)
    search = f'<a href="{index}.json">{words}</a>'
    files = {
        "index.html": PAGE.format(words, "theme/site.css", links + search),
        "versions.html": PAGE.format(words, "theme/site.css", links),
        "theme/site.css": f"body {{ color: {words} }}",
        f"{index}.json": "{}",
        "versions.json": words,
        "versions.js": words,
    }
    for place in listed:
        data = '<a href="data.csv">data</a><a href="../../../versions.html">versions</a>'
        files[f"{place}/index.html"] = PAGE.format(place, "assets/page.css", data)
        files[f"{place}/data.csv"] = f"year\n{place}\n"
        files[f"{place}/assets/page.css"] = "body {}"
    return write(folder, files)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in plain_files(folder).items()}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(service: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An empty bucket of its own for each test, with the credentials in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", service)
    name = f"public-{abs(hash(request.node.name)) % 10**9}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return site(tmp_path / "old", 1, "old", "search-a")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return site(tmp_path / "new", 2, "new", "search-b")


def held(bucket: str, prefix: str = "site/") -> dict[str, bytes]:
    client = boto3.client("s3")
    listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
    return {
        each["Key"].removeprefix(prefix): client.get_object(Bucket=bucket, Key=each["Key"])[
            "Body"
        ].read()
        for each in listed
    }


def test_a_prefix_becomes_the_site_and_what_it_lacks_goes(bucket, old, new):
    done = publish_bucket(new, f"s3://{bucket}/site")
    assert (done.changed, done.files) == (True, len(contents(new)))
    assert held(bucket) == contents(new)
    publish_bucket(old, f"s3://{bucket}/site/")
    assert held(bucket) == contents(old)


def test_publishing_twice_writes_nothing(bucket, old):
    publish_bucket(old, f"s3://{bucket}/site")
    nothing = CutShort(S3Store.at(f"s3://{bucket}/site"), writes=0)
    assert not publish_bucket(old, "the bucket", store=nothing).changed


def test_browsers_are_told_what_each_file_is_and_to_ask_again(bucket, old):
    publish_bucket(old, f"s3://{bucket}")
    client = boto3.client("s3")
    told = {
        name: client.head_object(Bucket=bucket, Key=name)["ContentType"]
        for name in ("index.html", "theme/site.css", "versions.js", "reports/one/v1/data.csv")
    }
    assert told == {
        "index.html": "text/html; charset=utf-8",
        "theme/site.css": "text/css; charset=utf-8",
        "versions.js": "text/javascript; charset=utf-8",
        "reports/one/v1/data.csv": "text/csv; charset=utf-8",
    }
    assert client.head_object(Bucket=bucket, Key="versions.json")["CacheControl"] == "no-cache"


def test_an_object_whose_listing_tells_no_md5_is_known_by_its_own_digest(bucket, old):
    class Encrypted(CutShort):
        def listed(self):
            return {n: Stored(o.size, "0" * 32) for n, o in super().listed().items()}

    publish_bucket(old, f"s3://{bucket}/site")
    store = Encrypted(S3Store.at(f"s3://{bucket}/site"), writes=0)
    assert not publish_bucket(old, "the bucket", store=store).changed


@pytest.mark.slow
def test_stopped_after_any_write_every_page_is_whole_and_leads_somewhere(
    bucket, old, new, tmp_path
):
    address, draw = f"s3://{bucket}/site", random.Random(7)
    store = S3Store.at(address)
    before, after = contents(old), contents(new)
    frozen = [name for name in before if name.startswith("reports/")]
    stopped = 0
    for time in range(52):
        publish_bucket(old, address, store=store)  # finishes or undoes what was stopped
        assert held(bucket) == before
        try:
            publish_bucket(new, address, store=CutShort(store, draw.randrange(1, 13)))
        except Killed:
            stopped += 1
        state = held(bucket)
        state.pop(UNFINISHED, None)
        assert all(words in (before.get(n), after.get(n)) for n, words in state.items())
        assert all(state[name] == before[name] for name in frozen)
        if state["versions.json"] == after["versions.json"]:
            assert after.items() - {("versions.js", b"new")} <= state.items()
        place = tmp_path / f"state-{time}"
        for name, content in state.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        assert check_site(place) == ()
    assert stopped >= 50
    publish_bucket(new, address, store=store)
    assert held(bucket) == after


def test_a_first_publication_that_was_stopped_can_be_finished(bucket, old):
    address = f"s3://{bucket}/site"
    with pytest.raises(Killed):
        publish_bucket(old, address, store=CutShort(S3Store.at(address), writes=3))
    assert "index.html" not in held(bucket) or "versions.json" not in held(bucket)
    publish_bucket(old, address)
    assert held(bucket) == contents(old)


def test_something_else_in_the_bucket_is_left_alone(bucket, old, new):
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="letters/one.txt", Body=b"dear")
    with pytest.raises(InputError, match="no site of equieval"):
        publish_bucket(old, f"s3://{bucket}/letters")
    publish_bucket(old, f"s3://{bucket}/site")
    client.put_object(Bucket=bucket, Key="site/owner-proof.html", Body=b"ours")
    publish_bucket(new, f"s3://{bucket}/site")
    assert held(bucket).pop("owner-proof.html") == b"ours"
    assert held(bucket, "letters/") == {"one.txt": b"dear"}


@pytest.mark.parametrize("address", ["s3://", "s3://UPPER/site", "s3://b/", "s3://bucket/../up"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(InputError, match="is no address in a bucket"):
        S3Store.at(address)


def test_a_bucket_that_is_not_there_or_a_service_that_does_not_answer_is_told(
    bucket, old, monkeypatch
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(EnvironmentFault, match="does not exist"):
        publish_bucket(old, "s3://no-such-bucket/site")
    with pytest.raises(EnvironmentFault, match="Could not connect") as refused:
        publish_bucket(old, f"s3://{bucket}/site", endpoint="http://127.0.0.1:9")
    assert refused.value.exit_code == 5


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "s3fs":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EnvironmentFault, match="needs the package s3fs") as refused:
        S3Store.at("s3://bucket/site")
    assert "equieval[s3]" in refused.value.remedy
