"""Acceptance 6: bad input ends in one sentence or in quarantine, and what was stored stays as it was."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

NUMBERS = ("open", "high", "low", "close", "prev_close", "volume", "amount", "adj_factor")
FILES = {
    "kind": "local",
    "path": "files/{symbol}.*",
    "columns": {name: name for name in ("date", *NUMBERS)},
    "volume_unit": "shares",
    "adjustment": "raw_with_factor",
}
BAD = "510300.SH"
POOL_TABLES = ("market/A_SHARE", "factors/A_SHARE", "strategies/A_SHARE", "backtest/A_SHARE", "kpi/A_SHARE")


@pytest.fixture(scope="module")
def from_files(seeded, configured, installed, tmp_path_factory, days):
    """An installation fed by Parquet files of the simulator, one per fund, with one session stored."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "data" / "files").mkdir(parents=True)
    ahead = seeded.copy(folder / "ahead")
    assert ahead.cli("run", "--date", days[0]).code in (0, 2)
    for symbol, rows in ahead.rows("market/A_SHARE/bars").groupby("symbol"):
        rows[["date", *NUMBERS]].to_parquet(folder / "data" / "files" / f"{symbol}.parquet", index=False)
    made = installed(folder / "home", configured(folder / "configs", files=FILES), folder / "data", "files")
    done = made.cli("run", "--date", "2024-12-27")
    assert done.code in (0, 2), done.text
    return made


@pytest.fixture
def fed(from_files, tmp_path):
    """A copy of it, home and files, that the test may spoil."""
    shutil.copytree(from_files.data, tmp_path / "data")
    return replace(from_files.copy(tmp_path / "home"), data=tmp_path / "data")


def file_of(fed) -> Path:
    """The file of the fund that goes bad."""
    return fed.data / "files" / f"{BAD}.parquet"


def rewrite(fed, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    """Change the rows of the bad fund; as CSV, so that anything can stand in a cell."""
    rows = pd.read_parquet(file_of(fed)).assign(date=lambda r: pd.to_datetime(r["date"]).dt.strftime("%Y-%m-%d"))
    rows = rows.astype(object)
    changed = change(rows)
    (rows if changed is None else changed).to_csv(file_of(fed).with_suffix(".csv"), index=False)
    file_of(fed).unlink()


def refused(fed, day: str, sentence: str) -> None:
    """The run ends in this sentence, without a traceback, and no table of the pool has changed."""
    before = fed.bits()

    done = fed.cli("run", "--date", day)

    after = fed.bits()
    assert done.code in (1, 3), done.text
    assert re.search(sentence, " ".join(done.text.split())), done.text
    assert "Traceback" not in done.text
    assert {a for a in before if a.startswith(POOL_TABLES) and after[a] != before[a]} == set()
    assert after["backtest/portfolio/equity"] == before["backtest/portfolio/equity"]


def quarantined(fed, day: str, rule: str) -> None:
    """The run goes on without the row, the quarantine names the rule, and earlier rows have not changed."""
    before = fed.bits(until="2024-12-27")

    done = fed.cli("run", "--date", day)

    found = fed.rows("market/A_SHARE/quarantine")
    bars = fed.rows("market/A_SHARE/bars")
    assert done.code in (0, 2), done.text
    assert "Traceback" not in done.text
    assert set(found.loc[found["symbol"] == BAD, "rule"]) == {rule}
    assert (bars["date"].astype(str).str[:10] == day).sum() == 4
    after = fed.bits(until="2024-12-27")
    dated = ("market/A_SHARE/bars", "factors/A_SHARE/panel", "strategies/A_SHARE/targets", "kpi/A_SHARE/snapshot")
    assert [after[a] == before[a] for a in dated] == [True] * 4


def test_a_truncated_parquet_file(fed, days):
    whole = file_of(fed).read_bytes()
    file_of(fed).write_bytes(whole[: len(whole) // 2])

    refused(fed, days[0], rf"reading \S*{BAD}\.parquet: .*; replace the file by an intact one\.")


def test_wrong_columns(fed, days):
    rewrite(fed, lambda rows: rows.rename(columns={"close": "Schluss"}))

    refused(fed, days[0], rf"reading \S*{BAD}\.csv: no column close; there are .*Schluss")


def test_an_empty_folder(fed, days):
    shutil.rmtree(fed.data / "files")
    (fed.data / "files").mkdir()

    refused(fed, days[0], r"looking for the files of source files: no file matches \S+; put \.parquet or \.csv files")


def test_a_future_date(fed, days):
    rewrite(fed, lambda rows: pd.concat([rows, rows.tail(1).assign(date="2099-01-05")]))

    refused(fed, days[0], rf"reading the dates of \S*{BAD}\.csv: .*2099-01-05.* future")


def test_duplicate_rows(fed, days):
    rewrite(fed, lambda rows: pd.concat([rows, rows.tail(1).assign(volume=1_000_000)]))

    quarantined(fed, days[0], "duplicate")


def test_identical_repetitions_are_dropped(fed, days):
    rewrite(fed, lambda rows: pd.concat([rows, rows.tail(1)]))

    done = fed.cli("run", "--date", days[0])

    bars = fed.rows("market/A_SHARE/bars")
    assert done.code in (0, 2), done.text
    assert (bars["date"].astype(str).str[:10] == days[0]).sum() == 5


def test_a_negative_price(fed, days):
    def change(rows):
        rows.iloc[-1, rows.columns.get_loc("low")] = -1.0

    rewrite(fed, change)

    quarantined(fed, days[0], "non_positive_price")


def test_a_high_below_the_low(fed, days):
    def change(rows):
        high, low = rows["high"].iloc[-1], rows["low"].iloc[-1]
        rows.iloc[-1, rows.columns.get_loc("high")] = low - 0.001
        rows.iloc[-1, rows.columns.get_loc("low")] = high

    rewrite(fed, change)

    quarantined(fed, days[0], "high_low_order")


def test_text_in_a_number(fed, days):
    def change(rows):
        rows.iloc[-1, rows.columns.get_loc("close")] = "three"

    rewrite(fed, change)

    quarantined(fed, days[0], "non_numeric")


def test_a_date_that_is_no_session(fed, days):
    rewrite(fed, lambda rows: pd.concat([rows, rows.tail(1).assign(date="2024-12-28")]))

    done = fed.cli("run", "--date", days[0])

    found = fed.rows("market/A_SHARE/quarantine")
    assert done.code in (0, 2), done.text
    assert found[["symbol", "rule"]].to_numpy().tolist() == [[BAD, "non_session"]]
    assert found["date"].astype(str).str[:10].tolist() == [days[0]], "filed under the session that follows"
    assert "2024-12-28 is no trading session" in found["reason"].iloc[0]


def mounted(*words: object) -> None:
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")


@pytest.fixture
def on_small_disk(fed, tmp_path):
    """The home on a file system of 64 MiB that a test can fill."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted("-t", "tmpfs", "-o", "size=64m", "tmpfs", disk)
    yield fed.copy(disk / "home")
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("free", [0, 400_000])
def test_a_full_disk(on_small_disk, days, free):
    home = on_small_disk
    left = shutil.disk_usage(home.home).free - free
    (home.home.parent / "ballast").write_bytes(b"x" * left)

    refused(home, days[0], r"(no space left on device|database or disk is full|No space left on device)")
    (home.home.parent / "ballast").unlink()
    done = home.cli("run", "--date", days[0])
    assert done.code in (0, 2), done.text


@pytest.fixture
def read_only(fed):
    """The home mounted so that nothing in it can be changed."""
    mounted("--bind", fed.home, fed.home)
    mounted("-o", "remount,ro,bind", fed.home)
    yield fed
    subprocess.run(["umount", "-l", str(fed.home)], check=True)


def test_a_read_only_home(read_only, days):
    refused(read_only, days[0], r"([Rr]ead-only file system|readonly database)")
