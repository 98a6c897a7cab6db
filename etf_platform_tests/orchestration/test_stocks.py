"""Stocks, list, holdings and funds through their steps: recorded and simulated, day by day and as a whole."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.errors import BadInputError, ConfigError, SourceError
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.stocks import load_fund_bars, load_stock_bars, write_holdings, write_stock_list

DAYS = [f"{day:%Y-%m-%d}" for day in sessions("XSHG").between("2023-12-20", "2024-01-09")]
SYMBOLS = ("600001.SH", "300001.SZ", "688001.SH", "920001.BJ")
WEIGHTS = {"510300": {"600001": 0.06, "300001": 0.02}, "512880": {"600001": 0.1}, "159949": {"300001": 0.1}}


def _window(start=None, end=None):
    return Window(start and date.fromisoformat(start), end and date.fromisoformat(end), "test")


def _whole():
    return _window(DAYS[0], DAYS[-1])


def _stock_rows():
    """Four stocks with a dividend, a suspension, a day without trades and the dividend after it; a B share."""
    rows = []
    for k, symbol in enumerate((*SYMBOLS, "900901.SH")):
        close = 1000 + 100 * k
        for at, day in enumerate(DAYS):
            previous = close - 37 if (at, k) in ((4, 0), (9, 1)) else close
            volume = 0 if (at, k) == (8, 1) else 500
            close = previous + (13 if (at + k) % 3 else -11) * (volume > 0)
            if (at, k) != (6, 2):
                rows.append(
                    (symbol, date.fromisoformat(day), previous, close, close, close, close, volume, volume * close)
                )
    names = ["symbol", "date", "pre_close_c", "open_c", "high_c", "low_c", "close_c", "volume_lots", "amount_yuan"]
    return pd.DataFrame(rows, columns=names)


def _write_stocks(data: Path, rows: pd.DataFrame) -> None:
    (data / "cn_stock").mkdir(parents=True, exist_ok=True)
    for year, part in rows.groupby([str(d)[:4] for d in rows["date"]]):
        part.to_parquet(data / "cn_stock" / f"daily_raw_{year}.parquet", index=False)


def _configured(folder: Path, **changes) -> Path:
    from shutil import copytree

    copytree(packaged_config(), folder)
    settings = parse_yaml((folder / "arbitrage.yaml").read_text(encoding="utf-8"))
    settings |= {"history_start": DAYS[0], "watch_etfs": ["510300.SH"]}
    settings["recorded"]["stock_list"]["path"] = "list.csv"
    settings["recorded"]["holdings"] = [
        {"path": "weights.json", "format": "weights_json", "as_of": "2023-12-15", "refused_funds": ["159949.SZ"]}
    ]
    settings["recorded"] |= changes
    (folder / "arbitrage.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    _write_stocks(folder, _stock_rows())
    (folder / "list.csv").write_text("ts_code,name,industry,list_date\n600001.SH,甲,钢铁,19980122\n", encoding="utf-8")
    (folder / "weights.json").write_text(json.dumps(WEIGHTS))
    (folder / "cn_etf").mkdir()
    funds = [(code, day, 1.0, 1.01, 0.99, 1.0, 0.0, 10_000, 1e6) for code in ("510300", "512880") for day in DAYS]
    names = ["symbol", "date", "open", "high", "low", "close", "pct_chg", "volume_lots", "amount_yuan"]
    pd.DataFrame(funds, columns=names).to_parquet(folder / "cn_etf" / "etf_qfq_eastmoney_x.parquet", index=False)
    return folder


@pytest.fixture
def recorded(tmp_path, data):
    return Platform.open(Workspace(tmp_path / "home", _configured(tmp_path / "configs"), "cn_stock_raw", data))


def _again(platform, home):
    """The same installation with another, empty home."""
    return Platform.open(Workspace(home, platform.workspace.config, platform.workspace.source, platform.workspace.data))


def _bars(platform, universe="STOCK"):
    return platform.lake.read(t.BARS, universe)


def test_a_backfill_and_the_same_days_one_by_one_are_the_same_bits(recorded, tmp_path):
    other = _again(recorded, tmp_path / "other")
    load_stock_bars(recorded, "STOCK", _whole())

    for day in DAYS:
        load_stock_bars(other, "STOCK", _window(day, day))
    pd.testing.assert_frame_equal(_bars(other), _bars(recorded), check_exact=True)
    pd.testing.assert_frame_equal(
        other.lake.read(t.QUARANTINE, "STOCK"), recorded.lake.read(t.QUARANTINE, "STOCK"), check_exact=True
    )


def test_a_day_in_the_middle_and_a_day_after_a_gap_are_those_of_the_backfill(recorded, tmp_path):
    """With nothing before it, or with sessions missing before it, a day is computed from the first one on."""
    load_stock_bars(recorded, "STOCK", _whole())
    whole = _bars(recorded)

    for stored in ([], [DAYS[0]], [DAYS[0], DAYS[1], DAYS[4]]):
        other = _again(recorded, tmp_path / f"home{len(stored)}")
        for day in stored:
            load_stock_bars(other, "STOCK", _window(day, day))
        load_stock_bars(other, "STOCK", _window(DAYS[10], DAYS[10]))
        expected = whole[whole["date"] == DAYS[10]].reset_index(drop=True)
        found = other.lake.read(t.BARS, "STOCK", start=DAYS[10], end=DAYS[10])
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_single_day_reads_nothing_from_before_the_session_before_it(recorded, data):
    load_stock_bars(recorded, "STOCK", _window(DAYS[0], DAYS[-2]))
    earlier = data / "cn_stock" / "daily_raw_2023.parquet"
    rows = pd.read_parquet(earlier).assign(close_c=1)
    rows.to_parquet(earlier, index=False)

    outcome = load_stock_bars(recorded, "STOCK", _window(DAYS[-1], DAYS[-1]))
    assert outcome.facts["read from"] == "2024-01-09"
    last = _bars(recorded).groupby("symbol").tail(1).set_index("symbol")
    assert last.loc["600001.SH", "adj_factor"] == pytest.approx(_paid(0))


def _paid(k):
    rows = _stock_rows()
    closes = rows[rows["symbol"] == SYMBOLS[k]].set_index("date")
    at = {0: 4, 1: 9}[k]
    before, day = (date.fromisoformat(DAYS[i]) for i in (at - 1, at))
    return closes.loc[before, "close_c"] / closes.loc[day, "pre_close_c"]


def test_units_factors_and_strangers_of_the_recorded_stocks(recorded):
    outcome = load_stock_bars(recorded, "STOCK", _whole())

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
    load_stock_bars(recorded, "STOCK", _whole())
    version, before = recorded.lake.version(t.BARS, "STOCK"), _bars(recorded)
    load_stock_bars(recorded, "STOCK", _whole())
    assert recorded.lake.version(t.BARS, "STOCK") == version

    rows = _stock_rows()
    rows.loc[(rows["symbol"] == "688001.SH") & (rows["date"] == date.fromisoformat(DAYS[3])), "volume_lots"] += 1
    _write_stocks(data, rows)
    outcome = load_stock_bars(recorded, "STOCK", _whole())
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
        (lambda path: _stock_rows().drop(columns=["close_c", "volume_lots"]).to_parquet(path), "no column close_c"),
        (lambda path: _stock_rows().assign(date="soon").to_parquet(path), "dates of"),
    ],
    ids=["truncated", "empty", "missing columns", "no dates"],
)
def test_a_damaged_file_is_an_error_that_names_it_and_stores_nothing(recorded, data, spoil, words):
    spoil(data / "cn_stock" / "daily_raw_2023.parquet")

    with pytest.raises(BadInputError, match=words):
        load_stock_bars(recorded, "STOCK", _whole())
    assert not recorded.lake.exists(t.BARS, "STOCK")


def test_no_file_at_all_is_an_error(recorded, data):
    for path in (data / "cn_stock").iterdir():
        path.unlink()

    with pytest.raises(SourceError, match="no file matches"):
        load_stock_bars(recorded, "STOCK", _whole())


def test_text_in_a_number_refuses_those_rows_only(recorded, data):
    rows = _stock_rows().astype({"close_c": object})
    rows.loc[rows["symbol"] == "920001.BJ", "close_c"] = "n/a"
    _write_stocks(data, rows.astype({"close_c": str}))

    outcome = load_stock_bars(recorded, "STOCK", _whole())
    refused = recorded.lake.read(t.QUARANTINE, "STOCK")
    assert "920001.BJ" not in set(_bars(recorded)["symbol"])
    assert (refused["rule"] == "non_numeric").sum() == len(DAYS)
    assert f"non_numeric {len(DAYS)}" in outcome.facts["quarantine rules"]


def test_a_source_without_reference_prices_cannot_give_stocks(tmp_path, data):
    config = _configured(tmp_path / "configs", stocks="etf_raw_tdx")
    platform = Platform.open(Workspace(tmp_path / "home", config, "cn_stock_raw", data))

    with pytest.raises(ConfigError, match="reference price"):
        load_stock_bars(platform, "STOCK", _whole())


def test_the_list_of_stocks_comes_from_its_file_or_else_from_the_bars(tmp_path, recorded, data):
    outcome = write_stock_list(recorded, "STOCK", _whole())
    assert recorded.lake.read(t.STOCK_LIST, "STOCK")["name"].tolist() == ["甲"]
    assert outcome.facts["boards"] == "main 1"

    config = _configured(tmp_path / "other", stock_list=None)
    platform = Platform.open(Workspace(tmp_path / "home2", config, "cn_stock_raw", data))
    load_stock_bars(platform, "STOCK", _whole())
    write_stock_list(platform, "STOCK", _whole())
    rows = platform.lake.read(t.STOCK_LIST, "STOCK")
    assert rows["symbol"].tolist() == sorted(SYMBOLS)
    assert rows["list_date"].isna().all()


def test_holdings_of_files_and_uploads_with_everything_refused_in_the_facts(recorded):
    folder = recorded.workspace.home / "holdings"
    folder.mkdir(parents=True)
    (folder / "good.csv").write_text(
        "fund,stock,weight,as_of\n512010,600276,0.09,2023-12-29\n512010,xyz,0.01,2023-12-29\n"
    )
    (folder / "percent.csv").write_text("fund,stock,weight,as_of\n512010,600276,9.4,2023-12-29\n")

    outcome = write_holdings(recorded, "FUND", _whole())
    rows = recorded.lake.read(t.FUND_HOLDINGS, "FUND")
    assert rows.groupby("symbol").size().to_dict() == {"510300.SH": 2, "512010.SH": 1, "512880.SH": 1}
    assert "159949.SZ: refused" in outcome.facts["refused"]
    assert "512010.SH xyz: no stock" in outcome.facts["refused"]
    assert outcome.facts["files or pages that could not be read"].startswith("percent.csv: row 2")
    assert outcome.facts["510300.SH"] == (
        "2 stocks, top10, sum 0.0800, as of 2023-12-15, usable from 2023-12-18 (estimated)"
    )


def test_one_broken_file_of_holdings_loses_no_other_and_all_broken_is_an_error(recorded, data):
    (data / "weights.json").write_text("{ cut")
    folder = recorded.workspace.home / "holdings"
    folder.mkdir(parents=True)
    good = folder / "good.csv"
    good.write_text("fund,stock,weight,as_of\n512010,600276,0.09,2023-12-29\n")

    outcome = write_holdings(recorded, "FUND", _whole())
    assert outcome.facts["rows"] == 1
    assert "weights.json: no JSON" in outcome.facts["files or pages that could not be read"]
    good.unlink()
    with pytest.raises(BadInputError, match=r"weights\.json"):
        write_holdings(recorded, "FUND", _whole())
    assert len(recorded.lake.read(t.FUND_HOLDINGS, "FUND")) == 1


def test_funds_are_the_watched_ones_and_those_with_holdings(recorded):
    load_fund_bars(recorded, "FUND", _window(DAYS[0], DAYS[3]))
    assert set(_bars(recorded, "FUND")["symbol"]) == {"510300.SH"}

    write_holdings(recorded, "FUND", _whole())
    outcome = load_fund_bars(recorded, "FUND", _whole())
    assert set(_bars(recorded, "FUND")["symbol"]) == {"510300.SH", "512880.SH"}
    assert outcome.facts["rows"] == 2 * len(DAYS)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """An installation on the simulator with some months of history."""
    folder = tmp_path_factory.mktemp("simulated")
    platform = Platform.open(Workspace(folder / "home", packaged_config()))
    for step, universe in (
        (write_stock_list, "STOCK"),
        (write_holdings, "FUND"),
        (load_fund_bars, "FUND"),
        (load_stock_bars, "STOCK"),
    ):
        step(platform, universe, _window("2024-01-02", "2024-06-28"))
    return platform


def test_an_installation_on_the_simulator_has_everything_and_says_so(simulated):
    for table, universe in (
        (t.BARS, "STOCK"),
        (t.STOCK_LIST, "STOCK"),
        (t.BARS, "FUND"),
        (t.FUND_HOLDINGS, "FUND"),
    ):
        rows = simulated.lake.read(table, universe)
        assert len(rows)
        assert rows["source"].str.contains("simulated").all()


def test_simulated_days_alone_are_those_of_the_range(simulated, tmp_path):
    other = _again(simulated, tmp_path / "home")
    day = "2024-05-08"

    for step, universe in ((load_stock_bars, "STOCK"), (load_fund_bars, "FUND")):
        step(other, universe, _window(day, day))
        expected = simulated.lake.read(t.BARS, universe, start=day, end=day)
        pd.testing.assert_frame_equal(other.lake.read(t.BARS, universe), expected, check_exact=True)


def test_a_real_year_of_all_stocks_and_one_of_its_days_alone(tmp_path, shared):
    """2024: counts and prices against the file itself; a day written alone, carried on, equals the year's."""
    import pyarrow.parquet as pq

    file = shared("data/cn_stock/daily_raw_2024.parquet")
    (tmp_path / "data" / "cn_stock").mkdir(parents=True)
    (tmp_path / "data" / "cn_stock" / file.name).symlink_to(file)
    config = _configured(tmp_path / "configs")
    text = (config / "arbitrage.yaml").read_text().replace(DAYS[0], "2024-07-01")
    (config / "arbitrage.yaml").write_text(text)
    platform = Platform.open(Workspace(tmp_path / "home", config, "cn_stock_raw", tmp_path / "data"))
    load_stock_bars(platform, "STOCK", _window("2024-07-01", "2024-09-30"))
    whole = platform.lake.read(t.BARS, "STOCK", start="2024-09-30", end="2024-09-30")

    load_stock_bars(platform, "STOCK", _window("2024-09-30", "2024-09-30"))
    again = platform.lake.read(t.BARS, "STOCK", start="2024-09-30", end="2024-09-30")
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    raw = pq.read_table(file, filters=[("date", "=", date(2024, 9, 30))]).to_pandas().sort_values("symbol")
    assert whole["symbol"].tolist() == raw["symbol"].astype(str).tolist()
    assert whole["close"].to_numpy() == pytest.approx(raw["close_c"].to_numpy() / 100)
    assert np.isfinite(whole["adj_factor"]).all()
