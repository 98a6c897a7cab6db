"""Listings that are kept for other processes, and entries of the Delta log that are ours."""

import shutil

import pandas as pd
import pytest
from deltalake import DeltaTable

from etf_platform.core.schema import Column, Table
from etf_platform.storage import delta, log
from etf_platform.storage.delta import LostRaceError
from etf_platform.storage.lake import Lake

CLOSES = Table(
    "market",
    "closes",
    "closes",
    (Column("date", "date", "session", "day"), Column("close", "float64", "CNY", "close")),
    key=("date",),
)


def closes(*values, start="2024-12-30"):
    return pd.DataFrame({"date": pd.date_range(start, periods=len(values), unit="ns"), "close": values})


@pytest.fixture
def no_log(monkeypatch):
    """Asking delta-rs for a version is an error."""

    def refused(*_):
        raise AssertionError("the log was read")

    return lambda: monkeypatch.setattr(delta, "open_version", refused)


def test_another_process_knows_the_newest_version_without_reading_the_log(tmp_path, no_log):
    writer = Lake(tmp_path / "lake", tmp_path / "cache")
    writer.write(CLOSES, "A", closes(1.0, 2.0, 3.0))
    writer.write(CLOSES, "A", closes(9.0, start="2025-01-01"), "2025-01-01", "2025-01-01")
    no_log()

    reader = Lake(tmp_path / "lake", tmp_path / "cache")

    assert reader.read(CLOSES, "A")["close"].tolist() == [1.0, 2.0, 9.0]
    assert reader.version(CLOSES, "A") == 1


def test_a_kept_listing_does_not_hide_a_newer_version(tmp_path):
    known = Lake(tmp_path / "lake", tmp_path / "cache")
    known.write(CLOSES, "A", closes(1.0))
    known.write(CLOSES, "A", closes(2.0))
    Lake(tmp_path / "lake").write(CLOSES, "A", closes(3.0))

    assert Lake(tmp_path / "lake", tmp_path / "cache").read(CLOSES, "A")["close"].tolist() == [3.0]


def test_a_kept_listing_of_a_table_that_was_removed_and_written_anew_is_not_believed(tmp_path):
    known = Lake(tmp_path / "lake", tmp_path / "cache")
    known.write(CLOSES, "A", closes(1.0))
    known.version(CLOSES, "A")
    shutil.rmtree(tmp_path / "lake")
    Lake(tmp_path / "lake").write(CLOSES, "A", closes(2.0))

    assert Lake(tmp_path / "lake", tmp_path / "cache").read(CLOSES, "A")["close"].tolist() == [2.0]


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '["x", 0, "", true, []]', "\udcff"])
def test_a_spoilt_cache_only_costs_time(tmp_path, text):
    Lake(tmp_path / "lake", tmp_path / "cache").write(CLOSES, "A", closes(1.0))
    kept = tmp_path / "cache" / "listings" / "market" / "A" / "closes.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert Lake(tmp_path / "lake", tmp_path / "cache").read(CLOSES, "A")["close"].tolist() == [1.0]


def test_delta_rs_reads_what_we_committed_also_beyond_a_checkpoint(tmp_path):
    lake = Lake(tmp_path)
    for value in range(13):
        lake.write(CLOSES, "A", closes(1.0, 2.0, float(value)), note={"run_id": f"run {value}"})

    table = DeltaTable(str(tmp_path / "market" / "A" / "closes"))

    assert table.version() == 12
    assert [(p.year, p.rows) for p in delta.parts(table)] == [(2024, 2), (2025, 1)]
    assert (tmp_path / "market" / "A" / "closes" / "_delta_log" / f"{10:020d}.checkpoint.parquet").exists()
    assert [commit["run_id"] for commit in lake.versions(CLOSES, "A")][:2] == ["run 12", "run 11"]


def test_a_version_is_committed_once(tmp_path):
    lake = Lake(tmp_path)
    lake.write(CLOSES, "A", closes(1.0))
    place = lake.place(CLOSES, "A")
    log.append(place, 1, (), (), {"run_id": "first"})

    with pytest.raises(LostRaceError):
        log.append(place, 1, (), (), {"run_id": "second"})

    assert lake.versions(CLOSES, "A")[0]["run_id"] == "first"
    assert not list((tmp_path / "market" / "A" / "closes" / "_delta_log").glob("*.tmp"))
