"""Fixtures of the storage tests: an empty lake, panels that look like factor panels, ops databases of both kinds."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import METADATA, open_ops
from etf_platform_tests.resources.dagster_process import free_port

Maker = Callable[..., pd.DataFrame]


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def panel() -> Maker:
    """Panel rows for the business days of [start, end]; a value depends on its date, symbol and `seed` only."""

    def make(start: str, end: str, symbols: int = 3, factors: int = 2, seed: int = 0) -> pd.DataFrame:
        days = pd.bdate_range(start, end).as_unit("ns")
        rows = pd.DataFrame(
            [(d, f"51030{s}.SH", "simulated test") for d in days for s in range(symbols)],
            columns=["date", "symbol", "source"],
        )
        rows["date"] = rows["date"].astype("datetime64[ns]")
        ordinal = rows["date"].astype("int64") // 86_400_000_000_000
        number = rows["symbol"].str[5].astype(int)
        for f in range(factors):
            rows[f"factor_{f}"] = np.sin(ordinal * 7.1 + number * 1.3 + f + seed * 11).astype("float32")
        return rows

    return make


@pytest.fixture(scope="session")
def postgres():
    """URL of a PostgreSQL of our own; its folder is not pytest's, whose root other users may not enter."""
    programs = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.get_exec_path())]
    place = next((folder for folder in programs if (folder / "initdb").exists()), None)
    if place is None:
        pytest.skip("no PostgreSQL server is installed")
    pytest.importorskip("psycopg", reason="no PostgreSQL driver is installed")
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    port, data = free_port(), str(folder / "data")

    def call(*command: str) -> None:
        who = {"user": user.pw_uid, "group": user.pw_gid} if user is not None else {}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **who)

    initdb, pg_ctl = str(place / "initdb"), str(place / "pg_ctl")
    call(initdb, "-D", data, "-U", "desk", "-A", "trust")
    call(pg_ctl, "-D", data, "-w", "-o", f"-p {port} -h 127.0.0.1 -k {folder}", "-l", str(folder / "log"), "start")
    yield f"postgresql+psycopg://desk@127.0.0.1:{port}/postgres"
    call(pg_ctl, "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def ops(request, tmp_path) -> sa.Engine:
    if request.param == "sqlite":
        return open_ops(f"sqlite:///{tmp_path}/ops.db")
    url = request.getfixturevalue("postgres")
    METADATA.drop_all(sa.create_engine(url))
    return open_ops(url)
