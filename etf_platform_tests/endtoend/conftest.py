"""A small installation (one pool of five funds, simulated or from files), driven through the command line only."""

import hashlib
import multiprocessing
import os
import runpy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml
from deltalake import DeltaTable

from etf_platform.core.workspace import packaged_config
from etf_platform_tests.resources.command import invoke

SYMBOLS = ("159915.SZ", "159949.SZ", "510050.SH", "510300.SH", "510500.SH")
DAYS = ("2024-12-30", "2024-12-31", "2025-01-02")
BEFORE = "2024-12-27"
FIRST = "2024-12-02"
HISTORY = "2023-05-04"
CHILD = Path(__file__).with_name("child.py")
# Everything else that a run writes is a function of configuration and bars; these are its time and its folders.
OF_THE_RUN = ["generated_at", "run_params"]
# Made weekly, on first runs and on backfills: as old as the last of these, and so not a function of the day.
WEEKLY = (
    "factors/A_SHARE/quality",
    "factors/A_SHARE/correlation",
    "risk/A_SHARE/brinson",
    "risk/A_SHARE/factor_attribution",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Installation:
    """A home with its configuration, driven as a person would."""

    home: Path
    config: Path
    data: Path | None = None
    source: str = "sample"
    options: dict[str, str] = field(default_factory=dict)

    def cli(self, *words: object) -> Ended:
        """Run one command in this process."""
        done = invoke((*words, *self.shared()))
        return Ended(done.exit_code, done.stdout, done.stderr)

    def process(self, *words: str, log: Path) -> BaseProcess:
        """Start the same command as a process of its own; its output goes to `log`."""
        given = {"WORDS": [*words, *self.shared()], "LOG": str(log)}
        child = processes().Process(target=runpy.run_path, args=(str(CHILD), given))
        child.start()
        return child

    def shared(self) -> list[str]:
        """The shared options."""
        words = ["--home", str(self.home), "--config", str(self.config), "--source", self.source]
        return words + (["--data", str(self.data)] if self.data else [])

    def copy(self, home: Path) -> "Installation":
        """The same installation in another folder."""
        shutil.copytree(self.home, home)
        return replace(self, home=home)

    @property
    def addresses(self) -> list[str]:
        """Addresses of all tables of the lake."""
        lake = self.home / "lake"
        return sorted(str(log.parent.relative_to(lake)) for log in lake.glob("*/*/*/_delta_log"))

    def version(self, address: str) -> int:
        """Newest version of a table."""
        return DeltaTable(self.home / "lake" / address).version()

    def versions(self) -> dict[str, int]:
        """Newest version of every table."""
        return {address: self.version(address) for address in self.addresses}

    def rows(self, address: str) -> pd.DataFrame:
        """A table of the lake, read without the code under test."""
        return self.arrow(address).to_pandas()

    def arrow(self, address: str) -> pa.Table:
        """A table of the lake as it lies in its files."""
        root = self.home / "lake" / address
        names = [add["path"] for add in pa.table(DeltaTable(root).get_add_actions()).to_pylist()]
        if not names:
            return pa.table({})
        found = pa.concat_tables([pq.ParquetFile(root / name).read() for name in names], promote_options="default")
        keys = [n for n in found.schema.names if not pa.types.is_floating(found.schema.field(n).type)]
        if address == "factors/A_SHARE/meta":
            found = found.filter(pc.invert(pc.is_in(found["entry"], pa.array(OF_THE_RUN))))
        return found.sort_by([(name, "ascending") for name in keys]).combine_chunks()

    def bits(self, since: str = "", until: str = "9999") -> dict[str, str]:
        """A digest of the bits of every table but the weekly ones; dated tables only inside [since, until]."""
        compared = [address for address in self.addresses if address not in WEEKLY]
        return {address: digest(_between(self.arrow(address), since, until)) for address in compared}

    def days(self, address: str) -> set[str]:
        """Dates in a table, as text."""
        return {str(day)[:10] for day in self.rows(address)["date"].unique()}


def digest(rows: pa.Table) -> str:
    """SHA-256 over names, types, nulls and values; floats by their bits."""
    sha = hashlib.sha256()
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        sha.update(f"{name} {column.type} ".encode() + column.is_null().to_numpy().tobytes())
        if pa.types.is_floating(column.type):
            sha.update(column.fill_null(0.0).to_numpy().tobytes())
        else:
            sha.update(repr(column.to_pylist()).encode())
    return sha.hexdigest()


def _between(rows: pa.Table, since: str, until: str) -> pa.Table:
    if "date" not in rows.schema.names:
        return rows
    text = [str(day)[:10] for day in rows["date"].to_pylist()]
    return rows.filter(pa.array([since <= day <= until for day in text], pa.bool_()))


def processes() -> multiprocessing.context.ForkServerContext:
    """Processes that start with every library loaded, so that a kill hits work and not imports."""
    context = multiprocessing.get_context("forkserver")
    steps = ("market", "factors", "strategies", "backtest", "kpi", "risk", "attribution", "portfolio", "report")
    context.set_forkserver_preload(
        ["etf_platform.cli", "etf_platform.orchestration.runner", "etf_platform.storage.lake", "matplotlib.figure"]
        + [f"etf_platform.orchestration.steps.{name}" for name in steps]
    )
    return context


def write_config(folder: Path, first: str = FIRST, **sources: dict) -> Path:
    """A copy of the configuration with one small pool and a short history; further sources by name."""
    shutil.copytree(packaged_config(), folder, ignore=shutil.ignore_patterns("dagster.yaml"))

    def pools(text: dict) -> None:
        own = {k: v for k, v in text["pools"]["A_SHARE"].items() if k != "trading_hours"}
        text["pools"] = {"assignment": "corrected", "A_SHARE": own | {"symbols": list(SYMBOLS)}}
        text["capital_constraints"] = {"A_SHARE": text["capital_constraints"]["A_SHARE"]}
        text["strategy"]["portfolio"]["weights"] = {"A_SHARE": 1.0}

    def platform(text: dict) -> None:
        text |= {"first_partition": first, "history_start": HISTORY}

    def source(text: dict) -> None:
        text["sources"]["sample"]["start"] = HISTORY
        text["sources"] |= sources

    def risk(text: dict) -> None:
        text |= {"window": 50, "test_window": 100, "min_forecasts": 20}  # the account is half a year old

    for name, change in (("etf_pools", pools), ("platform", platform), ("sources", source), ("risk", risk)):
        path = folder / f"{name}.yaml"
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(text)
        path.write_text(yaml.safe_dump(text, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands set these variables for child processes; a test leaves them as it found them."""
    for name in (
        "ETF_PLATFORM_HOME",
        "ETF_PLATFORM_CONFIG",
        "ETF_PLATFORM_SOURCE",
        "ETF_PLATFORM_DATA",
        "DAGSTER_HOME",
    ):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with history and one session, `BEFORE`; copy it, do not change it."""
    folder = tmp_path_factory.mktemp("seeded")
    made = Installation(folder / "home", write_config(folder / "configs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ETF_PLATFORM_HOME", "")
        done = made.cli("run", "--date", BEFORE)
    assert done.code in (0, 2), done.text
    return made


@pytest.fixture
def installation(seeded: Installation, tmp_path: Path) -> Installation:
    """A copy of `seeded` that the test may change."""
    return seeded.copy(tmp_path / "home")


@pytest.fixture(scope="session")
def day_by_day(seeded: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """`seeded` with `DAYS` written by one run per day; do not change it."""
    made = seeded.copy(tmp_path_factory.mktemp("daily") / "home")
    run_days(made, DAYS)
    return made


def run_days(installation: Installation, days: Sequence[str]) -> None:
    """One `run` per day."""
    for day in days:
        done = installation.cli("run", "--date", day)
        assert done.code in (0, 2), done.text


@pytest.fixture(scope="session")
def days() -> tuple[str, ...]:
    """The sessions that tests write, over the end of a year."""
    return DAYS


@pytest.fixture(scope="session")
def configured() -> Callable[..., Path]:
    """Writes a small configuration."""
    return write_config


@pytest.fixture(scope="session")
def installed() -> type[Installation]:
    """Makes an installation of a home and a configuration."""
    return Installation
