"""All stocks: adjustment factors carried over any cut, refused rows, what counts as a stock."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.market.calendar import sessions
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.stock_bars import Before, is_stock, last_refused, load_stocks, years

SESSIONS = sessions("XSHG")
DAYS = [f"{day:%Y-%m-%d}" for day in SESSIONS.between("2023-12-25", "2024-01-10")]


def _row(day, symbol="600001.SH", close=10.0, prev_close=10.0, **other):
    row = {"date": pd.Timestamp(day), "symbol": symbol, "open": close, "high": close, "low": close, "close": close}
    row |= {"prev_close": prev_close, "volume": 1000.0, "amount": 1000.0 * close, "adj_factor": 1.0}
    row |= {"source": "local:test", "fetched_at": pd.Timestamp("2024-02-01", tz="UTC")}
    return row | other


def _frame(rows):
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS)).astype({"symbol": "str", "date": "datetime64[ns]"})


def _reader(rows):
    frame = _frame(rows)
    return lambda a, b: frame[frame["date"].between(pd.Timestamp(a), pd.Timestamp(b))].reset_index(drop=True)


def _load(rows, first=DAYS[0], end=DAYS[-1], before=None):
    first, end = date.fromisoformat(first), date.fromisoformat(end)
    parts = list(load_stocks(_reader(rows), SESSIONS, first, end, before))
    bars = pd.concat([part.bars for part in parts], ignore_index=True)
    return bars, pd.concat([part.quarantine for part in parts], ignore_index=True), parts


def _factors(bars, symbol="600001.SH"):
    ours = bars[bars["symbol"] == symbol]
    return dict(zip(ours["date"].dt.strftime("%Y-%m-%d"), ours["adj_factor"], strict=True))


def _by_hand(rows):
    """Slow and plain: one stock, all rows good."""
    factor, before, found = 1.0, None, {}
    for row in sorted(rows, key=lambda r: r["date"]):
        if before is not None:
            factor = factor * (before / row["prev_close"])
        found[f"{row['date']:%Y-%m-%d}"], before = factor, row["close"]
    return found


@pytest.fixture
def paying():
    """A stock that pays 0.37 on the third day and splits on the eighth, over the turn of the year."""
    rows, close = [], 10.0
    for at, day in enumerate(DAYS):
        reference = round(close - 0.37, 2) if at == 2 else round(close / 2, 2) if at == 7 else close
        close = round(reference * (1.013 if at % 2 else 0.991), 2)
        rows.append(_row(day, close=close, prev_close=reference))
    return rows


def test_the_factor_is_the_running_product_of_close_before_over_reference(paying):
    bars, _, _ = _load(paying)

    assert _factors(bars) == _by_hand(paying)
    assert _factors(bars)[DAYS[2]] != 1.0


def test_every_cut_of_the_history_gives_the_same_bits(paying):
    """A run of one day that carries what the days before left equals the run over everything."""
    rows = paying + [_row(day, "300001.SZ", 20 + k, 20 + k - 1) for k, day in enumerate(DAYS) if k % 3]
    whole, _, _ = _load(rows)

    for cut in range(1, len(DAYS)):
        head, refused, _ = _load(rows, end=DAYS[cut - 1])
        tail, _, _ = _load(rows, first=DAYS[cut], before=Before().after(head, refused))
        both = pd.concat([head, tail], ignore_index=True)
        pd.testing.assert_frame_equal(both, whole, check_exact=True)


def test_a_refused_row_leaves_the_factor_as_it_was():
    """Across a refused day a dividend cannot be told from the price's move, so the move is kept."""
    rows = [_row(DAYS[0]), _row(DAYS[1], close=-1.0), _row(DAYS[2], close=12.0, prev_close=11.5)]
    rows.append(_row(DAYS[3], close=11.9, prev_close=11.9))

    bars, quarantine, _ = _load(rows)

    assert quarantine["rule"].tolist() == ["non_positive_price"]
    assert _factors(bars) == {DAYS[0]: 1.0, DAYS[2]: 1.0, DAYS[3]: 12.0 / 11.9}


def test_a_refused_row_just_before_the_cut_is_remembered():
    rows = [_row(DAYS[0]), _row(DAYS[1], volume="many"), _row(DAYS[2], close=12.0, prev_close=11.5)]
    head, refused, _ = _load(rows, end=DAYS[1])

    tail, _, _ = _load(rows, first=DAYS[2], before=Before().after(head, refused))
    assert _factors(tail) == {DAYS[2]: 1.0}
    assert last_refused(refused) == {"600001.SH": pd.Timestamp(DAYS[1])}


def test_a_row_on_a_saturday_is_refused_and_changes_no_factor():
    saturday = "2023-12-30"
    rows = [_row("2023-12-29"), _row(saturday, close=77.0), _row("2024-01-02", close=9.0, prev_close=9.5)]

    bars, quarantine, _ = _load(rows)
    assert _factors(bars) == {"2023-12-29": 1.0, "2024-01-02": 10.0 / 9.5}
    assert quarantine[["date", "rule"]].values.tolist() == [[pd.Timestamp("2024-01-02"), "non_session"]]


def test_each_kind_of_bad_row_is_refused_with_its_reason():
    bad = {
        "non_positive_price": {"low": -0.5},
        "high_low_order": {"high": 9.0, "low": 11.0},
        "non_numeric": {"high": "n/a"},
        "missing_value": {"open": np.nan},
        "zero_volume": {"volume": 0.0},
        "unit_mismatch": {"amount": 10_000 * 100.0},
        "negative_volume": {"volume": -5.0},
    }
    rows = [_row(DAYS[0], f"60000{k}.SH", **how) for k, how in enumerate(bad.values())]
    rows += [_row(DAYS[0], "600009.SH"), _row(DAYS[0], "600009.SH", close=10.5)]

    bars, quarantine, _ = _load(rows)
    found = dict(zip(quarantine["symbol"], quarantine["rule"], strict=True))
    expected = {f"60000{k}.SH": rule for k, rule in enumerate(bad)} | {"600009.SH": "duplicate"}
    assert bars.empty
    assert found == expected
    assert (quarantine["reason"] != "").all()


def test_a_first_day_that_goes_from_20_to_202_is_no_unit_error():
    """301487 on 2023-08-09: the close was four times the average price, which lay inside the day's range."""
    row = _row("2023-12-28", "301487.SZ", 98.02, 5.32, open=22.51, high=202.15, low=20.4)
    row |= {"volume": 45_700_700.0, "amount": 1_232_428_461.0}

    bars, quarantine, _ = _load([row])
    assert (len(bars), len(quarantine)) == (1, 0)


def test_after_three_broken_rows_the_series_is_refused_over_any_cut():
    rows = [_row(day, close=-1.0) for day in DAYS[:3]] + [_row(day) for day in DAYS[3:]]
    _, whole, _ = _load(rows)
    head, refused, _ = _load(rows, end=DAYS[4])
    _, tail, _ = _load(rows, first=DAYS[5], before=Before().after(head, refused))

    assert whole["rule"].tolist() == ["non_positive_price"] * 3 + ["broken_series"] * (len(DAYS) - 3)
    assert tail["rule"].tolist() == ["broken_series"] * (len(DAYS) - 5)


def test_symbols_that_are_no_stocks_are_named_and_left_out():
    rows = [_row(DAYS[0]), _row(DAYS[0], "510300.SH"), _row(DAYS[0], "900901.SH"), _row(DAYS[0], "junk")]

    bars, quarantine, parts = _load(rows)
    assert bars["symbol"].tolist() == ["600001.SH"]
    assert quarantine.empty
    assert parts[0].strangers == ("510300.SH", "900901.SH", "junk")


def test_stocks_are_those_of_the_three_mainland_exchanges():
    stocks = ["600519.SH", "000001.SZ", "300750.SZ", "688981.SH", "689009.SH", "920002.BJ", "430047.BJ"]
    others = [
        "000001.SH",
        "159915.SZ",
        "200002.SZ",
        "900901.SH",
        "00700.HK",
        "AAPL.US",
        "399001.SZ",
        "",
        None,
        "600519",
    ]

    assert [is_stock(symbol) for symbol in stocks] == [True] * len(stocks)
    assert [is_stock(symbol) for symbol in others] == [False] * len(others)


def test_years_cover_the_range_without_a_gap():
    assert years(date(2022, 12, 30), date(2024, 1, 2)) == [
        (date(2022, 12, 30), date(2022, 12, 31)),
        (date(2023, 1, 1), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2024, 1, 2)),
    ]
    assert years(date(2024, 1, 3), date(2024, 1, 2)) == []
