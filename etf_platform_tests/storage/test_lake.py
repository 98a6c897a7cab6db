"""What a write replaces, what a read gives back, and what a version holds."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from etf_platform.core.errors import MissingTableError, SchemaError, StorageError
from etf_platform.core.schema import Column, Table
from etf_platform.core.tables import BARS, EQUITY, METRICS, PANEL
from etf_platform.storage.lake import Lake

METRIC_ROWS = pd.DataFrame(
    {"metric": ["sharpe", "calmar"], "value": [1.5, np.nan], "unit": "ratio", "source": "simulated test"}
)


def files_of(lake: Lake, address: str) -> dict[str, bytes]:
    uris = lake.file_uris(address)
    return {uri.rpartition("/")[0][-4:]: Path(uri).read_bytes() for uri in uris}


def test_a_table_comes_back_sorted_by_its_key_with_dates_as_timestamps_and_nulls_as_nan(lake, panel):
    rows = panel("2023-12-27", "2024-01-03")
    rows.loc[4, "factor_0"] = np.nan
    lake.write(PANEL, "A_SHARE", rows.sample(frac=1.0, random_state=1))

    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)


def test_a_table_without_range_is_replaced_as_a_whole(lake):
    lake.write(METRICS, "QDII", METRIC_ROWS)
    lake.write(METRICS, "QDII", METRIC_ROWS.iloc[:1], start="2024-01-01", end="2024-01-01")

    assert lake.read(METRICS, "QDII")["metric"].tolist() == ["sharpe"]


def test_a_write_replaces_exactly_its_range_across_a_turn_of_the_year(lake, panel):
    old, new = panel("2023-12-01", "2024-01-31"), panel("2023-12-29", "2024-01-02", seed=1)
    lake.write(PANEL, "A_SHARE", old)
    lake.write(PANEL, "A_SHARE", new, "2023-12-29", "2024-01-02")

    outside = old[(old["date"] < "2023-12-29") | (old["date"] > "2024-01-02")]
    expected = pd.concat([outside, new]).sort_values(["date", "symbol"], ignore_index=True)
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), expected)


def test_rows_that_vanished_from_the_range_are_gone(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-05", symbols=3))
    lake.write(PANEL, "A_SHARE", panel("2024-01-03", "2024-01-03", symbols=1), "2024-01-03", "2024-01-03")

    assert lake.read(PANEL, "A_SHARE").groupby("date").size().tolist() == [3, 3, 1, 3, 3]


def test_an_open_end_replaces_everything_from_the_start_on(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2022-12-28", "2024-01-05"))
    lake.write(PANEL, "A_SHARE", panel("2023-01-02", "2023-01-03"), start="2023-01-02")

    assert lake.read(PANEL, "A_SHARE")["date"].max() == pd.Timestamp("2023-01-03")
    assert lake.read(PANEL, "A_SHARE")["date"].min() == pd.Timestamp("2022-12-28")


def test_an_empty_frame_deletes_its_range_in_one_commit(lake, panel):
    rows = panel("2023-12-01", "2024-01-31")
    lake.write(PANEL, "A_SHARE", rows)
    version = lake.write(PANEL, "A_SHARE", rows.iloc[:0], "2023-12-15", "2024-02-28")

    assert version == 1
    assert lake.read(PANEL, "A_SHARE")["date"].max() == pd.Timestamp("2023-12-14")


def test_deleting_every_row_leaves_an_empty_table_with_its_columns(lake, panel):
    rows = panel("2024-01-01", "2024-01-05")
    lake.write(PANEL, "A_SHARE", rows)
    lake.write(PANEL, "A_SHARE", rows.iloc[:0])

    assert lake.read(PANEL, "A_SHARE").columns.tolist() == rows.columns.tolist()
    assert len(lake.read(PANEL, "A_SHARE")) == 0


def test_a_year_that_was_never_written_can_be_added(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2023-06-01", "2023-06-02"))
    lake.write(PANEL, "A_SHARE", panel("2024-06-03", "2024-06-03"), "2024-06-03", "2024-06-03")

    assert lake.read(PANEL, "A_SHARE").groupby("date").size().tolist() == [3, 3, 3]


def test_deleting_where_nothing_is_stored_changes_nothing(lake, panel):
    rows = panel("2023-06-01", "2023-06-02")
    lake.write(PANEL, "A_SHARE", rows)

    assert lake.write(PANEL, "A_SHARE", rows.iloc[:0], "2025-01-01", "2025-12-31") == 0
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), rows)


def test_rewriting_the_same_rows_makes_no_new_version(lake, panel):
    rows = panel("2023-12-01", "2024-01-31")
    lake.write(PANEL, "A_SHARE", rows)
    day = rows[rows["date"] == "2024-01-10"]

    assert lake.write(PANEL, "A_SHARE", rows) == 0
    assert lake.write(PANEL, "A_SHARE", day, "2024-01-10", "2024-01-10") == 0
    assert lake.write(PANEL, "A_SHARE", day.assign(factor_0=np.float32(0)), "2024-01-10", "2024-01-10") == 1


def test_a_day_written_alone_gives_the_same_bytes_as_the_day_in_a_long_range(lake, panel):
    rows = panel("2023-12-01", "2024-01-31")
    lake.write(PANEL, "A_SHARE", rows)
    for day, of_day in rows.groupby("date"):
        lake.write(PANEL, "QDII", of_day, day, day)

    assert files_of(lake, "factors/QDII/panel") == files_of(lake, "factors/A_SHARE/panel")
    assert_frame_equal(lake.read(PANEL, "QDII"), lake.read(PANEL, "A_SHARE"))


def test_equal_rows_give_equal_bytes_in_another_lake(tmp_path, panel):
    one, two = Lake(tmp_path / "one"), Lake(str(tmp_path / "two"))
    for lake in (one, two):
        lake.write(PANEL, "A_SHARE", panel("2023-12-01", "2024-01-31"))

    assert files_of(one, "factors/A_SHARE/panel") == files_of(two, "factors/A_SHARE/panel")


def test_there_is_one_file_per_year_with_floats_split_by_byte_and_no_dictionary(lake, panel):
    for day in ("2024-01-03", "2024-01-04", "2024-01-05"):
        lake.write(PANEL, "A_SHARE", panel(day, day), day, day)

    (uri,) = lake.file_uris("factors/A_SHARE/panel")
    column = pq.ParquetFile(uri).metadata.row_group(0).column(3)
    assert column.path_in_schema == "factor_0"
    assert "BYTE_STREAM_SPLIT" in column.encodings and not column.has_dictionary_page
    assert column.compression == "LZ4"


def test_a_read_takes_only_the_asked_days_symbols_and_columns(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2023-12-25", "2024-01-05"))

    got = lake.read(
        PANEL,
        "A_SHARE",
        start=dt.date(2023, 12, 29),
        end="2024-01-02",
        columns=["factor_1", "symbol"],
        symbols=["510302.SH", "510300.SH"],
    )

    assert got.columns.tolist() == ["factor_1", "symbol"]
    assert got["symbol"].tolist() == ["510300.SH", "510302.SH"] * 3


def test_a_read_opens_only_files_of_the_asked_years(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2022-12-28", "2024-01-05"))
    for uri in lake.file_uris("factors/A_SHARE/panel"):
        if "year=2022" in uri:
            Path(uri).write_bytes(b"")

    assert len(lake.read(PANEL, "A_SHARE", start="2024-01-01")) == 15
    with pytest.raises(StorageError, match="reading factors/A_SHARE/panel"):
        lake.read(PANEL, "A_SHARE")


def test_no_symbols_and_no_days_give_no_rows_but_all_columns(lake, panel):
    rows = panel("2024-01-01", "2024-01-05")
    lake.write(PANEL, "A_SHARE", rows)

    assert lake.read(PANEL, "A_SHARE", symbols=[]).dtypes.equals(rows.dtypes)
    assert lake.read(PANEL, "A_SHARE", start="2030-01-01").dtypes.equals(rows.dtypes)


def test_a_table_that_is_replaced_as_a_whole_can_be_read_by_days(lake):
    rows = pd.DataFrame(
        {"date": pd.to_datetime(["2024-01-02", "2024-01-03"]).as_unit("ns"), "source": "simulated test"}
    )
    for column in EQUITY.columns:
        if column.name not in rows:
            rows[column.name] = 1 if column.type == "int64" else 1.0
    lake.write(EQUITY, "QDII", rows)

    assert lake.read(EQUITY, "QDII", start="2024-01-03")["date"].tolist() == [pd.Timestamp("2024-01-03")]


def test_every_column_type_survives(lake):
    moment = pd.Timestamp("2024-01-02 07:00", tz="UTC").as_unit("us")
    row = {c.name: 1.0 for c in BARS.columns} | {"date": pd.Timestamp("2024-01-02"), "symbol": "510300.SH"}
    row |= {"source": "simulated test", "fetched_at": moment, "revision": 3, "amount_estimated": True}
    rows = pd.DataFrame([row, row | {"symbol": "510500.SH", "prev_close": np.nan}])
    lake.write(BARS, "A_SHARE", rows[[c.name for c in BARS.columns]])

    got = lake.read(BARS, "A_SHARE")
    assert got["fetched_at"].tolist() == [moment, moment]
    assert got["fetched_at"].dtype == "datetime64[us, UTC]"
    assert got["revision"].dtype == "int64" and got["amount_estimated"].dtype == "bool"
    assert np.isnan(got["prev_close"][1]) and got["symbol"].dtype == "str"


def test_a_key_that_does_not_start_with_the_date_is_sorted_too(lake):
    rules = Table(
        "market",
        "rules",
        "test",
        (Column("symbol", "string", "code", "s"), Column("date", "date", "session", "d")),
        key=("symbol", "date"),
    )
    days = pd.to_datetime(["2023-12-29", "2024-01-02"]).as_unit("ns")
    rows = pd.DataFrame([(s, d) for s in ("a", "b") for d in days], columns=["symbol", "date"])
    lake.write(rules, "QDII", rows)
    lake.write(rules, "QDII", rows[rows["date"] == days[1]], days[1], days[1])

    assert_frame_equal(lake.read(rules, "QDII"), rows)
    assert lake.version(rules, "QDII") == 0


def test_old_versions_stay_readable_and_carry_their_note(lake, panel):
    first, second = panel("2024-01-01", "2024-01-05"), panel("2024-01-01", "2024-01-05", seed=1)
    lake.write(PANEL, "A_SHARE", first, note={"run_id": "r1"})
    for seed in range(2, 25):
        lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-05", seed=seed))
    newest = lake.write(PANEL, "A_SHARE", second, note={"run_id": "r2", "config_digest": "abc"})

    assert_frame_equal(lake.read(PANEL, "A_SHARE", version=0), first)
    assert_frame_equal(lake.read(PANEL, "A_SHARE"), second)
    assert lake.version(PANEL, "A_SHARE") == newest == 24
    versions = lake.versions(PANEL, "A_SHARE")
    assert [v["version"] for v in versions] == list(range(24, -1, -1))
    assert (versions[0]["run_id"], versions[0]["config_digest"], versions[-1]["run_id"]) == ("r2", "abc", "r1")


def test_a_new_factor_column_is_null_in_older_rows(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2023-12-28", "2024-01-02", factors=1))
    lake.write(PANEL, "A_SHARE", panel("2024-01-03", "2024-01-03", factors=2), "2024-01-03", "2024-01-03")

    got = lake.read(PANEL, "A_SHARE", columns=["date", "factor_1"])
    assert got["factor_1"].isna().tolist() == [True] * 12 + [False] * 3
    assert lake.version(PANEL, "A_SHARE") == 1
    assert lake.read(PANEL, "A_SHARE", end="2023-12-29")["factor_1"].dtype == "float32"
    assert lake.read(PANEL, "A_SHARE", end="2023-12-29", columns=["factor_1"]).shape == (6, 1)
    assert "factor_1" not in lake.read(PANEL, "A_SHARE", version=0)


def test_a_new_factor_column_in_a_new_year_extends_the_table_too(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2023-12-28", "2023-12-28", factors=1))
    lake.write(PANEL, "A_SHARE", panel("2024-01-03", "2024-01-03", factors=2), "2024-01-03", "2024-01-03")

    assert lake.read(PANEL, "A_SHARE")["factor_1"].notna().tolist() == [False] * 3 + [True] * 3


def test_a_factor_column_that_is_written_no_more_stays_for_old_rows_until_all_is_rewritten(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-02", factors=2))
    lake.write(PANEL, "A_SHARE", panel("2024-01-03", "2024-01-03", factors=1), "2024-01-03", "2024-01-03")

    assert lake.read(PANEL, "A_SHARE")["factor_1"].isna().tolist() == [False] * 6 + [True] * 3
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-03", factors=1))
    assert "factor_1" not in lake.read(PANEL, "A_SHARE")


def test_a_column_that_changed_its_type_is_refused_until_all_is_rewritten(lake, panel):
    rows = panel("2024-01-01", "2024-01-03", factors=1)
    open_column = Column("factor", "float64", "x", "wider", True)
    wide = Table("factors", "panel", "test", PANEL.columns, PANEL.key, open_columns=open_column)
    lake.write(PANEL, "A_SHARE", rows)

    with pytest.raises(SchemaError, match=r"factor_0 is stored as float and now declared double; rewrite the whole"):
        lake.write(wide, "A_SHARE", rows, "2024-01-01", "2024-01-03")
    lake.write(wide, "A_SHARE", rows)
    assert lake.read(wide, "A_SHARE")["factor_0"].dtype == "float64"


def test_a_new_column_that_may_not_be_null_is_refused_until_all_is_rewritten(lake, panel):
    rows = panel("2024-01-01", "2024-01-03", factors=0)
    must = Column("quality", "float64", "x", "new and never null")
    strict = Table("factors", "panel", "test", (*PANEL.columns, must), PANEL.key)
    lake.write(PANEL, "A_SHARE", rows)

    with pytest.raises(SchemaError, match="quality may not be null, but stored rows do not have it"):
        lake.write(strict, "A_SHARE", rows.assign(quality=1.0), "2024-01-01", "2024-01-03")
    lake.write(strict, "A_SHARE", rows.assign(quality=1.0))
    with pytest.raises(SchemaError, match="quality is declared no more and may not be null"):
        lake.write(PANEL, "A_SHARE", rows, "2024-01-01", "2024-01-03")


def test_rows_outside_the_range_are_refused_and_nothing_is_written(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-02"))

    with pytest.raises(SchemaError, match=r"3 rows lie outside \[2024-01-03, 2024-01-03\], the first on 2024-01-04"):
        lake.write(PANEL, "A_SHARE", panel("2024-01-03", "2024-01-04"), "2024-01-03", "2024-01-03")
    assert lake.version(PANEL, "A_SHARE") == 0


def test_a_table_that_was_never_written_is_named_with_the_remedy(lake):
    with pytest.raises(MissingTableError, match="run the step that writes factors/QDII/panel first"):
        lake.read(PANEL, "QDII")
    assert not lake.exists(PANEL, "QDII")
    assert lake.version(PANEL, "QDII") is None


def test_an_unknown_column_names_the_nearest_one(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-02"))

    with pytest.raises(SchemaError, match="there is no column factor_7; did you mean factor_"):
        lake.read(PANEL, "A_SHARE", columns=["factor_7"])


def test_an_unknown_version_is_named(lake, panel):
    lake.write(PANEL, "A_SHARE", panel("2024-01-01", "2024-01-02"))

    with pytest.raises(StorageError, match="reading version 7 of factors/A_SHARE/panel: there is no such version"):
        lake.read(PANEL, "A_SHARE", version=7)


def test_a_range_of_a_table_without_dates_is_refused(lake):
    lake.write(METRICS, "QDII", METRIC_ROWS)

    with pytest.raises(SchemaError, match="it has no column date; read it without start and end"):
        lake.read(METRICS, "QDII", start="2024-01-01")


def test_a_lake_lists_its_tables_and_their_universes(lake, panel):
    assert lake.tables() == []
    lake.write(METRICS, "QDII", METRIC_ROWS)
    for pool in ("QDII", "A_SHARE"):
        lake.write(PANEL, pool, panel("2024-01-01", "2024-01-02"))

    assert lake.tables() == ["backtest/QDII/metrics", "factors/A_SHARE/panel", "factors/QDII/panel"]
    assert lake.universes(PANEL) == ["A_SHARE", "QDII"]
    assert lake.exists(PANEL, "QDII")


def test_a_url_is_a_root_as_good_as_a_folder(tmp_path, panel):
    rows = panel("2023-12-28", "2024-01-02")
    Lake(f"file://{tmp_path}/lake").write(PANEL, "A_SHARE", rows)

    assert_frame_equal(Lake(f"file://{tmp_path}/lake").read(PANEL, "A_SHARE"), rows)
    assert_frame_equal(Lake(tmp_path / "lake").read(PANEL, "A_SHARE"), rows)
