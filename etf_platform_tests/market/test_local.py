"""Local files: units, symbols and dates are converted, bad files end in an error that names them."""

import os

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import LocalSource
from etf_platform.core.errors import BadInputError, SourceError
from etf_platform.core.tables import BARS
from etf_platform.market.fetch import Feed, fetch_bars, load_bars
from etf_platform.market.sources import ROW_COLUMNS

PLAIN = {name: name for name in ("symbol", "date", "open", "high", "low", "close", "volume")}
SYMBOL = "510300.SH"


def frame(n=3, **columns):
    """Rows on 2024-03-04 and after, price 1.0, one hundred units traded."""
    values = dict.fromkeys(("open", "high", "low", "close"), 1.0)
    values |= {"symbol": "510300", "date": pd.bdate_range("2024-03-04", periods=n), "volume": 100.0}
    return pd.DataFrame(values | columns, index=range(n))


@pytest.fixture
def feed(tmp_path, xshg, config):
    def build(path="etf", **options):
        settings = {"kind": "local", "path": path, "columns": PLAIN, "volume_unit": "shares", "adjustment": "raw",
                    "symbol_format": "bare"}  # fmt: skip
        return Feed("mine", LocalSource(**(settings | options)), tmp_path, xshg, config.instruments.instruments)

    (tmp_path / "etf").mkdir()
    return build


def test_a_folder_of_parquet_is_read_in_our_columns(feed, tmp_path):
    path = tmp_path / "etf" / "a.parquet"
    frame().to_parquet(path)
    os.utime(path, (1_700_000_000, 1_700_000_000))

    rows = fetch_bars(feed(), (SYMBOL,), "2024-12-31")

    assert list(rows.columns) == list(ROW_COLUMNS)
    assert rows["symbol"].tolist() == [SYMBOL] * 3
    assert rows["source"].unique().tolist() == ["local:mine"]
    assert rows["fetched_at"].unique().tolist() == [pd.Timestamp("2023-11-14 22:13:20", tz="UTC")]
    assert rows["adj_factor"].tolist() == [1.0] * 3
    assert BARS.conform(load_bars(feed(), (SYMBOL,), "2024-03-04", "2024-12-31").bars).num_rows == 3


def test_lots_cents_and_thousand_yuan_become_shares_and_yuan(feed, tmp_path):
    prices = dict.fromkeys(("open", "high", "low", "close"), 250)
    frame(volume=7, amount=1.75, **prices).to_parquet(tmp_path / "etf" / "a.parquet")
    units = {"volume_unit": "lots", "amount_unit": "thousand_yuan", "price_unit": "cents"}

    rows = fetch_bars(feed(columns=PLAIN | {"amount": "amount"}, **units), (SYMBOL,), "2024-12-31")

    assert rows[["close", "volume", "amount"]].iloc[0].tolist() == [2.5, 700.0, 1750.0]


@pytest.mark.parametrize(
    ("dates", "date_format"),
    [(["2024-03-04", "2024-03-05", "2024-03-06"], None), (["20240304", "20240305", "20240306"], None),
     ([20240304, 20240305, 20240306], None), (["04/03/2024", "05/03/2024", "06/03/2024"], "%d/%m/%Y"),
     (list(pd.bdate_range("2024-03-04", periods=3).date), None),
     (pd.bdate_range("2024-03-04", periods=3, tz="Asia/Shanghai"), None)],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_dates_of_every_form_are_naive_midnights(feed, tmp_path, dates, date_format, kind):
    rows = frame(date=dates)
    rows.to_parquet(tmp_path / "etf/a.parquet") if kind == "parquet" else rows.to_csv(tmp_path / "etf/a.csv")

    read = fetch_bars(feed(date_format=date_format), (SYMBOL,), "2024-12-31")

    assert read["date"].dtype == "datetime64[ns]"
    assert read["date"].dt.strftime("%Y-%m-%d").tolist() == ["2024-03-04", "2024-03-05", "2024-03-06"]


def test_csv_keeps_leading_zeros_and_numbers_get_theirs_back(feed, tmp_path):
    frame(symbol="000300").to_csv(tmp_path / "etf" / "a.csv", index=False)
    frame(symbol=300).to_parquet(tmp_path / "etf" / "b.parquet")

    rows = fetch_bars(feed(symbol_format="bare_index"), ("000300.SH",), "2024-12-31")

    assert len(rows) == 6


def test_a_code_of_the_other_exchange_does_not_match(feed, tmp_path):
    """Bare 000001 among funds and shares is Shenzhen, never the Shanghai index."""
    frame(symbol="000001").to_parquet(tmp_path / "etf" / "a.parquet")

    assert fetch_bars(feed(), ("000001.SH",), "2024-12-31").empty
    assert len(fetch_bars(feed(), ("000001.SZ",), "2024-12-31")) == 3


def test_an_absolute_path_needs_no_data_folder(feed, tmp_path):
    frame().to_parquet(tmp_path / "etf" / "a.parquet")
    for path in (tmp_path / "etf", tmp_path / "etf" / "a.parquet", tmp_path / "*" / "*.parquet"):
        alone = Feed("mine", feed(path=str(path)).source, None, feed().sessions, feed().instruments)

        assert len(fetch_bars(alone, (SYMBOL,), "2024-12-31")) == 3


def test_prev_close_of_the_file_wins(feed, tmp_path):
    frame(pre=0.98).to_parquet(tmp_path / "etf" / "a.parquet")

    rows = fetch_bars(feed(columns=PLAIN | {"prev_close": "pre"}), (SYMBOL,), "2024-12-31")

    assert rows["prev_close"].tolist() == [0.98] * 3


def test_the_ex_rights_price_of_the_file_gives_the_adjustment(feed, tmp_path):
    """Close 1.0 before, reference price 0.8: the holder's factor grows by 1.25."""
    frame(pre=[1.0, 0.8, 1.0]).to_parquet(tmp_path / "etf" / "a.parquet")

    rows = fetch_bars(feed(columns=PLAIN | {"prev_close": "pre"}), (SYMBOL,), "2024-12-31")

    assert rows["adj_factor"].tolist() == [1.0, 1.25, 1.25]


def test_without_one_it_is_the_close_before_unless_pct_chg_disagrees(feed, tmp_path):
    prices = {name: [1.0, 1.1, 0.55] for name in ("open", "high", "low", "close")}
    frame(pct=[25.0, 10.0, 10.0], **prices).to_parquet(tmp_path / "etf" / "a.parquet")

    plain = fetch_bars(feed(), (SYMBOL,), "2024-12-31")["prev_close"].tolist()
    with_pct = fetch_bars(feed(columns=PLAIN | {"pct_chg": "pct"}), (SYMBOL,), "2024-12-31")["prev_close"].tolist()

    assert np.isnan(plain[0]) and plain[1:] == [1.0, 1.1]
    assert with_pct == [0.8, 1.0, 0.5]


def test_a_price_that_is_none_is_passed_over_as_reference(feed, tmp_path):
    frame(close=[1.0, -1.0, 1.0]).to_parquet(tmp_path / "etf" / "a.parquet")

    assert fetch_bars(feed(), (SYMBOL,), "2024-12-31")["prev_close"].iloc[2] == 1.0


def test_one_file_per_symbol(feed, tmp_path):
    """Several files of one fund are joined; repeated rows are dropped and counted."""
    columns = {k: v for k, v in PLAIN.items() if k != "symbol"}
    frame(2).drop(columns="symbol").to_parquet(tmp_path / "etf" / "510300.SH_daily_1.parquet")
    frame(3).drop(columns="symbol").to_parquet(tmp_path / "etf" / "510300.SH_daily_2.parquet")

    loaded = load_bars(feed("etf/{symbol}_daily_*.parquet", columns=columns), (SYMBOL, "510500.SH"),
                       "2024-03-01", "2024-03-29")  # fmt: skip

    assert len(loaded.bars) == 3
    assert loaded.n_identical == 2


def test_the_shipped_tushare_preset_reads_the_original_layout(config, xshg, tmp_path):
    """Lots and thousand yuan, dates as YYYYMMDD, adj_factor and pre_close from the file."""
    folder = tmp_path / "raw" / "ETF" / "daily"
    folder.mkdir(parents=True)
    rows = pd.DataFrame(
        {"ts_code": SYMBOL, "trade_date": ["20240305", "20240304"], "pre_close": [1.0, 0.99], "open": 1.0, "high": 1.02,
         "low": 0.99, "close": [1.01, 1.0], "change": 0.01, "pct_chg": 1.0, "vol": 5000.0, "amount": 500.0,
         "adj_factor": [1.2, 1.1], "adj_open": 1.0}
    )  # fmt: skip
    rows.to_parquet(folder / f"{SYMBOL}_daily_20200102_20251014.parquet")
    tushare = Feed("tushare_daily", config.sources.sources["tushare_daily"], tmp_path, xshg,
                   config.instruments.instruments)  # fmt: skip

    bars = load_bars(tushare, (SYMBOL,), "2024-03-04", "2024-03-05").bars

    assert bars[["prev_close", "close", "volume", "amount", "adj_factor"]].to_numpy().tolist() == [
        [0.99, 1.0, 500_000.0, 500_000.0, 1.1], [1.0, 1.01, 500_000.0, 500_000.0, 1.2]]  # fmt: skip


def test_only_the_named_columns_and_symbols_are_read(feed, tmp_path):
    both = pd.concat([frame(), frame(symbol="510500")]).assign(symbol=lambda x: x["symbol"].astype("category"))
    both.to_parquet(tmp_path / "etf" / "a.parquet")

    assert fetch_bars(feed(), ("510500.SH",), "2024-03-05")["symbol"].tolist() == ["510500.SH"] * 2


# --- bad input --------------------------------------------------------------------------------------------------


def test_text_in_a_number_is_a_refused_row_not_a_crash(feed, tmp_path):
    frame(close=["1.0", "halted", "1.0"]).to_csv(tmp_path / "etf" / "a.csv", index=False)

    loaded = load_bars(feed(volume_unit="lots"), (SYMBOL,), "2024-03-01", "2024-03-29")

    assert len(loaded.bars) == 2
    assert loaded.quarantine["rule"].tolist() == ["non_numeric"]
    assert '"halted"' in loaded.quarantine["row"].iloc[0]


def test_a_symbol_without_rows_is_no_error(feed, tmp_path):
    frame().to_parquet(tmp_path / "etf" / "a.parquet")

    loaded = load_bars(feed(), ("510500.SH",), "2024-03-01", "2024-03-29")

    assert BARS.conform(loaded.bars).num_rows == 0


def test_a_truncated_parquet_is_named(feed, tmp_path):
    path = tmp_path / "etf" / "a.parquet"
    frame().to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(BadInputError, match=r"a\.parquet"):
        fetch_bars(feed(), (SYMBOL,), "2024-12-31")


@pytest.mark.parametrize("content", ["", "\xff\xfe\x00", "a,b\n1,2,3\n4"])
def test_a_broken_csv_is_named(feed, tmp_path, content):
    (tmp_path / "etf" / "a.csv").write_bytes(content.encode("latin-1"))

    with pytest.raises(BadInputError, match=r"a\.csv"):
        fetch_bars(feed(), (SYMBOL,), "2024-12-31")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_missing_column_is_named(feed, tmp_path, kind):
    rows = frame().drop(columns="volume")
    rows.to_parquet(tmp_path / "etf/a.parquet") if kind == "parquet" else rows.to_csv(tmp_path / "etf/a.csv")

    with pytest.raises(BadInputError, match=f"a\\.{kind}: no column volume"):
        fetch_bars(feed(), (SYMBOL,), "2024-12-31")


@pytest.mark.parametrize("date", ["yesterday", "2024-13-01", None])
def test_a_date_that_is_none_is_named(feed, tmp_path, date):
    frame(date=["2024-03-04", "2024-03-05", date]).to_csv(tmp_path / "etf" / "a.csv", index=False)

    with pytest.raises(BadInputError, match=r"the dates of .*a\.csv"):
        fetch_bars(feed(), (SYMBOL,), "2024-12-31")


def test_an_empty_folder_is_named(feed):
    with pytest.raises(SourceError, match=r"no file matches .*etf"):
        fetch_bars(feed(), (SYMBOL,), "2024-12-31")


def test_a_missing_folder_is_named(feed, tmp_path):
    elsewhere = Feed("mine", feed().source, tmp_path / "nowhere", feed().sessions, feed().instruments)

    with pytest.raises(SourceError, match=r"there is no folder .*nowhere"):
        fetch_bars(elsewhere, (SYMBOL,), "2024-12-31")


def test_no_data_folder_is_an_error_and_nothing_is_simulated(feed):
    nowhere = Feed("mine", feed().source, None, feed().sessions, feed().instruments)

    with pytest.raises(SourceError, match="--data DIR"):
        fetch_bars(nowhere, (SYMBOL,), "2024-12-31")


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [(PLAIN | {"closing": "close"}, "closing is none of ours"),
     ({k: v for k, v in PLAIN.items() if k != "close"}, "no entry for close"),
     ({k: v for k, v in PLAIN.items() if k != "symbol"}, "the path must hold")],
)  # fmt: skip
def test_wrong_settings_are_refused(columns, complaint):
    with pytest.raises(ValueError, match=complaint):
        LocalSource(kind="local", path="x", columns=columns, volume_unit="lots", adjustment="raw")
