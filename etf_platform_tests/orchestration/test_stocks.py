"""Bars and list of all stocks through their steps, on recorded files: day by day, as a whole, and damaged."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError, ConfigError, SourceError
from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.stocks import load_stock_bars, write_stock_list
from etf_platform_tests.resources.stock_files import (
    DAYS,
    SYMBOLS,
    configured,
    stock_rows,
    whole_window,
    window,
    write_files,
    write_stocks,
)


@pytest.fixture
def data(tmp_path):
    return write_files(tmp_path / "data")


@pytest.fixture
def recorded(tmp_path, data):
    return Platform.open(Workspace(tmp_path / "home", configured(tmp_path / "configs"), "cn_stock_raw", data))


def _again(platform, home):
    """The same installation with another, empty home."""
    return Platform.open(Workspace(home, platform.workspace.config, platform.workspace.source, platform.workspace.data))


def _bars(platform, universe="STOCK"):
    return platform.lake.read(t.BARS, universe)


def test_a_backfill_and_the_same_days_one_by_one_are_the_same_bits(recorded, tmp_path):
    other = _again(recorded, tmp_path / "other")
    load_stock_bars(recorded, "STOCK", whole_window())

    for day in DAYS:
        load_stock_bars(other, "STOCK", window(day, day))
    pd.testing.assert_frame_equal(_bars(other), _bars(recorded), check_exact=True)
    pd.testing.assert_frame_equal(
        other.lake.read(t.QUARANTINE, "STOCK"), recorded.lake.read(t.QUARANTINE, "STOCK"), check_exact=True
    )


def test_a_day_in_the_middle_and_a_day_after_a_gap_are_those_of_the_backfill(recorded, tmp_path):
    """With nothing before it, or with sessions missing before it, a day is computed from the first one on."""
    load_stock_bars(recorded, "STOCK", whole_window())
    whole = _bars(recorded)

    for stored in ([], [DAYS[0]], [DAYS[0], DAYS[1], DAYS[4]]):
        other = _again(recorded, tmp_path / f"home{len(stored)}")
        for day in stored:
            load_stock_bars(other, "STOCK", window(day, day))
        load_stock_bars(other, "STOCK", window(DAYS[10], DAYS[10]))
        expected = whole[whole["date"] == DAYS[10]].reset_index(drop=True)
        found = other.lake.read(t.BARS, "STOCK", start=DAYS[10], end=DAYS[10])
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_single_day_reads_nothing_from_before_the_session_before_it(recorded, data):
    load_stock_bars(recorded, "STOCK", window(DAYS[0], DAYS[-2]))
    earlier = data / "cn_stock" / "daily_raw_2023.parquet"
    rows = pd.read_parquet(earlier).assign(close_c=1)
    rows.to_parquet(earlier, index=False)

    outcome = load_stock_bars(recorded, "STOCK", window(DAYS[-1], DAYS[-1]))
    assert outcome.facts["read from"] == "2024-01-09"
    last = _bars(recorded).groupby("symbol").tail(1).set_index("symbol")
    assert last.loc["600001.SH", "adj_factor"] == pytest.approx(_paid(0))


def _paid(k):
    rows = stock_rows()
    closes = rows[rows["symbol"] == SYMBOLS[k]].set_index("date")
    at = {0: 4, 1: 9}[k]
    before, day = (date.fromisoformat(DAYS[i]) for i in (at - 1, at))
    return closes.loc[before, "close_c"] / closes.loc[day, "pre_close_c"]


def test_units_factors_and_strangers_of_the_recorded_stocks(recorded):
    outcome = load_stock_bars(recorded, "STOCK", whole_window())

    bars = _bars(recorded)
    first = bars[(bars["symbol"] == "600001.SH") & (bars["date"] == DAYS[0])].iloc[0]
    assert set(bars["symbol"]) == set(SYMBOLS)
    assert (first["prev_close"], first["close"], first["volume"]) == (10.0, 9.89, 50_000.0)
    factors = bars[bars["symbol"] == "600001.SH"]["adj_factor"].to_numpy()
    assert factors == pytest.approx([1.0] * 4 + [_paid(0)] * (len(DAYS) - 4))
    paid = bars.loc[bars["symbol"] == "300001.SZ", "adj_factor"].to_numpy()
    assert paid == pytest.approx([1.0] * 8 + [_paid(1)] * (len(DAYS) - 9))
    assert outcome.facts["symbols that are no stocks"] == "900901.SH"
    assert outcome.facts["quarantine rules"] == "zero_volume 1"
    assert outcome.facts["rows"] == len(bars) == 4 * len(DAYS) - 2


def test_running_again_changes_nothing_and_a_restated_row_is_a_new_revision(recorded, data):
    load_stock_bars(recorded, "STOCK", whole_window())
    version, before = recorded.lake.version(t.BARS, "STOCK"), _bars(recorded)
    load_stock_bars(recorded, "STOCK", whole_window())
    assert recorded.lake.version(t.BARS, "STOCK") == version

    rows = stock_rows()
    rows.loc[(rows["symbol"] == "688001.SH") & (rows["date"] == date.fromisoformat(DAYS[3])), "volume_lots"] += 1
    write_stocks(data, rows)
    outcome = load_stock_bars(recorded, "STOCK", whole_window())
    changed = _bars(recorded)[_bars(recorded)["revision"] > 0]
    assert outcome.facts["restated rows"] == 1
    assert changed[["symbol", "revision"]].values.tolist() == [["688001.SH", 1]]
    assert len(before) == len(_bars(recorded))


def _cut_short(path):
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_cut_short, "daily_raw_2023"),
        (lambda path: path.write_bytes(b""), "daily_raw_2023"),
        (lambda path: stock_rows().drop(columns=["close_c", "volume_lots"]).to_parquet(path), "no column close_c"),
        (lambda path: stock_rows().assign(date="soon").to_parquet(path), "dates of"),
    ],
    ids=["truncated", "empty", "missing columns", "no dates"],
)
def test_a_damaged_file_is_an_error_that_names_it_and_stores_nothing(recorded, data, spoil, words):
    spoil(data / "cn_stock" / "daily_raw_2023.parquet")

    with pytest.raises(BadInputError, match=words):
        load_stock_bars(recorded, "STOCK", whole_window())
    assert not recorded.lake.exists(t.BARS, "STOCK")


def test_no_file_at_all_is_an_error(recorded, data):
    for path in (data / "cn_stock").iterdir():
        path.unlink()

    with pytest.raises(SourceError, match="no file matches"):
        load_stock_bars(recorded, "STOCK", whole_window())


def test_text_in_a_number_refuses_those_rows_only(recorded, data):
    rows = stock_rows().astype({"close_c": object})
    rows.loc[rows["symbol"] == "920001.BJ", "close_c"] = "n/a"
    write_stocks(data, rows.astype({"close_c": str}))

    outcome = load_stock_bars(recorded, "STOCK", whole_window())
    refused = recorded.lake.read(t.QUARANTINE, "STOCK")
    assert "920001.BJ" not in set(_bars(recorded)["symbol"])
    assert (refused["rule"] == "non_numeric").sum() == len(DAYS)
    assert f"non_numeric {len(DAYS)}" in outcome.facts["quarantine rules"]


def test_a_source_without_reference_prices_cannot_give_stocks(tmp_path, data):
    config = configured(tmp_path / "configs", stocks="etf_raw_tdx")
    platform = Platform.open(Workspace(tmp_path / "home", config, "cn_stock_raw", data))

    with pytest.raises(ConfigError, match="reference price"):
        load_stock_bars(platform, "STOCK", whole_window())


def test_the_list_of_stocks_comes_from_its_file_or_else_from_the_bars(tmp_path, recorded, data):
    outcome = write_stock_list(recorded, "STOCK", whole_window())
    assert recorded.lake.read(t.STOCK_LIST, "STOCK")["name"].tolist() == ["甲"]
    assert outcome.facts["boards"] == "main 1"

    config = configured(tmp_path / "other", stock_list=None)
    platform = Platform.open(Workspace(tmp_path / "home2", config, "cn_stock_raw", data))
    load_stock_bars(platform, "STOCK", whole_window())
    write_stock_list(platform, "STOCK", whole_window())
    rows = platform.lake.read(t.STOCK_LIST, "STOCK")
    assert rows["symbol"].tolist() == sorted(SYMBOLS)
    assert rows["list_date"].isna().all()


def test_a_window_before_the_history_stores_nothing(recorded):
    outcome = load_stock_bars(recorded, "STOCK", window("2019-01-02", "2019-01-02"))

    assert (outcome.facts["rows"], len(_bars(recorded))) == (0, 0)


def test_a_real_year_of_all_stocks_and_one_of_its_days_alone(tmp_path, shared):
    """2024: counts and prices against the file itself; a day written alone, carried on, equals the year's."""
    import pyarrow.parquet as pq

    file = shared("data/cn_stock/daily_raw_2024.parquet")
    (tmp_path / "data" / "cn_stock").mkdir(parents=True)
    (tmp_path / "data" / "cn_stock" / file.name).symlink_to(file)
    config = configured(tmp_path / "configs")
    text = (config / "arbitrage.yaml").read_text().replace(DAYS[0], "2024-07-01")
    (config / "arbitrage.yaml").write_text(text)
    platform = Platform.open(Workspace(tmp_path / "home", config, "cn_stock_raw", tmp_path / "data"))
    load_stock_bars(platform, "STOCK", window("2024-07-01", "2024-09-30"))
    whole = platform.lake.read(t.BARS, "STOCK", start="2024-09-30", end="2024-09-30")

    load_stock_bars(platform, "STOCK", window("2024-09-30", "2024-09-30"))
    again = platform.lake.read(t.BARS, "STOCK", start="2024-09-30", end="2024-09-30")
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    raw = pq.read_table(file, filters=[("date", "=", date(2024, 9, 30))]).to_pandas().sort_values("symbol")
    assert whole["symbol"].tolist() == raw["symbol"].astype(str).tolist()
    assert whole["close"].to_numpy() == pytest.approx(raw["close_c"].to_numpy() / 100)
    assert np.isfinite(whole["adj_factor"]).all()
