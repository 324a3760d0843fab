"""DuckDB reaches the one file of a source and nothing else, and never writes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from equieval.data import load_observations
from equieval.data.sources import open_cells
from equieval.errors import DataError
from equieval.protocol import Evaluation

Make = Callable[..., Evaluation]


@pytest.fixture
def duckdb_file(root: Path) -> Path:
    path = root / "data" / "births.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(
            "CREATE TABLE births AS SELECT 2010 AS year, unnest(['poorer', 'richer']) AS half, "
            "100 AS live_births, 1 AS stillbirths"
        )
    return path


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE births",
        "SELECT * FROM births; DROP TABLE births",
        "COPY births TO 'stolen.csv'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "SET threads = 8",
        "nonsense",
        "-- nothing",
    ],
)
def test_a_query_is_one_select(root: Path, evaluation: Make, duckdb_file: Path, query: str) -> None:
    before = duckdb_file.read_bytes()
    with pytest.raises(DataError, match=r"one SELECT|not SQL"):
        load_observations(evaluation(path="data/births.duckdb", query=query), root)
    assert duckdb_file.read_bytes() == before


@pytest.mark.parametrize(
    "table",
    [
        "read_csv('{other}')",
        "read_text('{other}')",
        "'{other}'",
        "read_csv('https://example.org/births.csv')",
        "glob('/**')",
    ],
)
def test_a_query_reads_no_other_file(
    root: Path, evaluation: Make, duckdb_file: Path, table: str
) -> None:
    other = root / "secret.csv"
    other.write_text("year,half,live_births,stillbirths\n2010,poorer,1,0\n", encoding="utf-8")
    query = f"SELECT * FROM {table.format(other=other)}"
    with pytest.raises(DataError) as caught:
        load_observations(evaluation(path="data/births.duckdb", query=query), root)
    assert str(root) not in str(caught.value)


def test_the_connection_is_locked(root: Path, evaluation: Make, duckdb_file: Path) -> None:
    source = evaluation(path="data/births.duckdb", query="FROM births").data.sources[0]
    with open_cells(source, ["year"], root) as cells:
        settings = dict(
            cells.connection.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%extensions' "
                "OR name IN ('enable_external_access', 'lock_configuration')"
            ).fetchall()
        )
        with pytest.raises(duckdb.Error, match="locked"):
            cells.connection.execute("SET enable_external_access = true")
        with pytest.raises(duckdb.Error):
            cells.connection.execute("INSERT INTO births SELECT * FROM births")
    assert settings == {
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "enable_external_access": "false",
        "lock_configuration": "true",
    }


@pytest.mark.parametrize("query", ["DELETE FROM births", "SELECT 1; DELETE FROM births"])
def test_a_database_is_only_read(
    root: Path, evaluation: Make, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    file = root / "births.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE births (year INTEGER)")
        connection.execute("INSERT INTO births VALUES (2010)")
    monkeypatch.setenv("BIRTHS_DATABASE", f"sqlite:///{file}")
    (root / "data" / "births.sql").write_text(query, encoding="utf-8")
    source = {"path": "data/births.sql", "connection": "BIRTHS_DATABASE"}
    with pytest.raises(DataError, match="one SELECT"):
        load_observations(evaluation(**source), root)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM births").fetchone() == (1,)


def test_importing_the_room_starts_no_thread() -> None:
    """Pages are forked from a process that has imported it; a query leaves threads behind.

    As there, the linear algebra has one thread.
    """
    code = (
        "import os, numpy, pandas, pydantic\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "import equieval.data\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    if not Path("/proc/self/task").is_dir():
        pytest.skip("threads are counted in /proc")
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert run.stdout.strip() == "0"
