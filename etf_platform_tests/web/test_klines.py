"""K-lines: periods, adjustment, averages, marks; read from few files."""

import datetime as dt
import math
from dataclasses import replace

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.market.calendar import sessions
from etf_platform.storage import tracker
from etf_platform.storage.outbox import transaction
from etf_platform.web.bars import COLUMNS, with_running_day
from etf_platform.web.candles import candles, grouped_bars
from etf_platform.web.picking import Picker, Wanted
from etf_platform_tests.resources.web_home import NOW, bars_of, client_of, get

SESSIONS = sessions("XSHG").index


def test_a_daily_candle_is_open_close_low_high(client):
    found = get(client, "/api/stocks/600519/kline?days=2")

    assert found["dates"] == ["2024-09-27", "2024-09-30"]
    assert found["values"] == [[6.5, 7.0, 6.0, 7.0], [7.0, 7.7, 7.0, 7.7]]
    assert found["volumes"] == [500.0, 600.0]
    # closes 10.5 11 12 13 7 7.7: the average is made before the cut to two candles
    assert found["ma5"] == [round((10.5 + 11 + 12 + 13 + 7) / 5, 2), round((11 + 12 + 13 + 7 + 7.7) / 5, 2)]
    assert found["ma10"] == [None, None] and found["ma60"] == [None, None]
    assert found["limit_up"] == [True, None] and found["premium"] == [None, None]
    assert found["source"] == "made by hand (simulated)"


def test_forward_adjusted_prices_end_as_traded(client):
    found = get(client, "/api/stocks/600519/kline?days=60&adjust=qfq")

    # the factor doubled on 09-27: prices before it halve
    assert found["values"][3] == [6.0, 6.5, 5.75, 7.0]
    assert found["values"][-1] == [7.0, 7.7, 7.0, 7.7]
    assert found["ma5"][-1] == round((5.5 + 6.0 + 6.5 + 7.0 + 7.7) / 5, 2)


def test_weeks_are_keyed_by_their_last_session(client):
    found = get(client, "/api/stocks/600519/kline?period=week")

    assert found["dates"] == ["2024-09-20", "2024-09-27", "2024-09-30"]
    assert found["values"] == [[10.0, 11.0, 9.0, 12.0], [11.0, 7.0, 6.0, 14.0], [7.0, 7.7, 7.0, 7.7]]
    assert found["volumes"] == [300.0, 1200.0, 600.0]
    assert found["partial"] == [False, False, False]  # 09-30 is the week's last session: the holidays follow


def test_a_month_that_goes_on_is_partial():
    rows = [("2024-09-27", 1, 2, 1, 2, 1, 10.0), ("2024-10-08", 2, 3, 2, 3, 2, 20.0)]
    found = candles(bars_of("600519.SH", rows), SESSIONS, "month")

    assert found.dates == ["2024-09-27", "2024-10-08"] and found.partial == [False, True]
    assert candles(bars_of("600519.SH", rows[:1]), SESSIONS, "month").partial == [True]  # 09-30 is to come
    assert candles(bars_of("600519.SH", rows[:1]), SESSIONS, "day").partial == [False]


def test_a_fund_shows_its_tick_and_our_kline_all_of_its_decimals(client):
    original = get(client, "/api/etfs/510300/kline")
    house = get(client, "/api/v2/klines/510300.SH")

    assert original["values"][-1] == [4.003, 4.126, 4.0, 4.2]
    assert (house["name"], house["symbol"], house["values"]) == ("沪深300ETF华泰柏瑞", "510300.SH", original["values"])
    assert house["amounts"] == pytest.approx([4003.0, 8252.0])


def test_a_funds_premium_is_that_of_the_days_last_quote(services):
    days = ["2024-09-27", "2024-09-30", "2024-09-30"]
    frame = pd.DataFrame({"date": pd.to_datetime(days).astype("datetime64[ns]"), "symbol": "510300.SH"})
    times = pd.to_datetime(["2024-09-27T07:00", "2024-09-30T02:00", "2024-09-30T07:00"], utc=True)
    rows = frame.assign(
        fetched_at=times, premium=[0.001, 0.5, 0.002], is_traded=True, book_estimated=False, kind="fund"
    )
    for column in t.QUOTES.columns:
        if column.name not in rows:
            rows[column.name] = "x" if column.type == "string" else math.nan if column.type == "float64" else pd.NaT
    services.lake.write(t.QUOTES, "FUND", rows.assign(feed_time=times))

    found = get(client_of(services), "/api/v2/klines/510300.SH")
    assert found["premium"] == [0.001, 0.002] and found["premium_kind"] == "feed"
    assert get(client_of(services), "/api/etfs/510300/kline")["premium"] == [0.1, 0.2]


@pytest.mark.parametrize(
    "path",
    [
        "/api/stocks/600000/kline",
        "/api/stocks/510300/kline",
        "/api/etfs/600519/kline",
        "/api/stocks/999999/kline",
        "/api/v2/klines/600000.SH",
    ],
)
def test_no_bars_are_told_in_the_originals_words(client, path):
    assert get(client, path, 404)["detail"] == "无法获取K线数据"


@pytest.mark.parametrize("query", ["days=0", "days=2001", "days=x", "period=year", "adjust=hfq"])
def test_a_kline_that_cannot_be_is_refused(client, query):
    assert client.get(f"/api/stocks/600519/kline?{query}").status_code == 422


def test_a_fund_of_a_pool_is_found_there(services):
    pool = services.config.pools["A_SHARE"]
    symbol = next(s for s in pool if s != "510300.SH")
    rows = [("2024-09-30", 1.0, 1.1, 0.9, 1.05, 1.0, 10.0)]
    services.lake.write(t.BARS, "A_SHARE", bars_of(symbol, rows))

    assert get(client_of(services), f"/api/v2/klines/{symbol}")["values"] == [[1.0, 1.05, 0.9, 1.1]]


def test_grouped_weeks_agree_with_a_slow_loop():
    days = SESSIONS[(SESSIONS >= "2023-01-01") & (SESSIONS < "2024-01-01")]
    rows = [(d, 10 + i % 7, 20 + i % 5, 5 - i % 3, 11 + i % 4, 10, float(i)) for i, d in enumerate(days)]
    weeks: dict = {}
    for day, first, high, low, last, _, volume in rows:
        week = weeks.setdefault(day.isocalendar()[:2], [day, first, high, low, last, 0.0])
        week[0], week[2], week[3], week[4] = day, max(week[2], high), min(week[3], low), last
        week[5] += volume

    made = grouped_bars(bars_of("600519.SH", rows), "week")
    assert made[["date", "open", "high", "low", "close", "volume"]].to_numpy().tolist() == list(weeks.values())


def test_averages_agree_with_a_slow_loop():
    days = SESSIONS[(SESSIONS >= "2023-01-01") & (SESSIONS < "2024-01-01")]
    closes = [10 + math.sin(i) * 3 for i in range(len(days))]
    rows = [(d, c, c, c, c, c, 1.0) for d, c in zip(days, closes, strict=True)]

    made = candles(bars_of("600519.SH", rows), SESSIONS, count=100)
    for window, values in made.averages.items():
        wanted = [sum(closes[i - window + 1 : i + 1]) / window for i in range(len(closes) - 100, len(closes))]
        assert values == pytest.approx(wanted, abs=0.0051)


def test_only_files_of_needed_years_are_opened(services, monkeypatch):
    rows = [(f"{year}-09-30", 1.0, 1.0, 1.0, 1.0, 1.0, 1.0) for year in range(2015, 2025)]
    services.lake.write(t.BARS, "STOCK", bars_of("600519.SH", rows))
    picker, asked = Picker(services.lake), []
    ask = picker._ask
    monkeypatch.setattr(picker, "_ask", lambda *given: asked.append(given[3][0]) or ask(*given))

    picker.frame(t.BARS, "STOCK", Wanted(start=pd.Timestamp("2023-12-01").date(), equal={"symbol": "600519.SH"}))
    assert [len(files) for files in asked] == [2]


def test_a_suspended_stock_still_fills_the_chart(services):
    """Bars lie years back: the first guess of the range is too short, and the rest is read."""
    rows = [(f"{year}-{month:02d}-15", 1.0, 2.0, 0.5, 1.5, 1.0, 1.0) for year in range(2020, 2025) for month in (3, 7)]
    rows = [row for row in rows if pd.Timestamp(row[0]) in SESSIONS]
    services.lake.write(t.BARS, "STOCK", bars_of("600519.SH", rows))

    found = get(client_of(services), "/api/stocks/600519/kline?days=5")
    assert len(found["dates"]) == min(5, len(rows)) and found["dates"][-1] == rows[-1][0]


QUOTED = {"open": 7.8, "high": 8.4, "low": 7.6, "price": 8.2, "prev_close": 7.7, "volume": 900.0, "amount": 7200.0}


def test_the_running_session_is_a_partial_candle_out_of_the_last_quote(services):
    next_day = NOW.replace(month=10, day=8)
    with transaction(services.ops) as connection:
        tracker.put_quotes(connection, next_day, [{**QUOTED, "symbol": "600519.SH", "source": "feed"}])
    client = client_of(replace(services, now=lambda: next_day))

    found = get(client, "/api/stocks/600519/kline?days=2")

    assert (found["dates"], found["partial"]) == (["2024-09-30", "2024-10-08"], [False, True])
    assert found["values"][-1] == [7.8, 8.2, 7.6, 8.4] and found["volumes"][-1] == 900.0
    assert found["ma5"][-1] == round((12 + 13 + 7 + 7.7 + 8.2) / 5, 2) and found["source"] == "feed"
    month = get(client, "/api/stocks/600519/kline?period=month")
    assert (month["dates"][-1], month["partial"][-1]) == ("2024-10-08", True)


def test_a_dividend_of_today_shows_in_the_reference_price():
    """7.70 yesterday, 3.85 the reference price of today: the factor doubles."""
    bars = bars_of("600519.SH", [("2024-09-30", 7, 8, 7, 7.7, 1, 10.0)])[list(COLUMNS)]
    quote = {**QUOTED, "prev_close": 3.85, "price": 4.0, "source": "feed", "at": NOW.replace(month=10, day=8)}

    made, is_running = with_running_day(bars, quote, dt.date(2024, 10, 8))

    assert is_running and made["adj_factor"].iloc[-1] == pytest.approx(2.0 * bars["adj_factor"].iloc[-1])


@pytest.mark.parametrize(
    ("changes", "today"),
    [
        ({}, dt.date(2024, 10, 9)),  # a quote of another day
        ({"volume": 0.0}, dt.date(2024, 10, 8)),  # nothing has traded
        ({"prev_close": None}, dt.date(2024, 10, 8)),
        ({"at": NOW}, dt.date(2024, 9, 30)),  # the day's bar is there
    ],
)
def test_a_quote_that_makes_no_candle(changes, today):
    bars = bars_of("600519.SH", [("2024-09-30", 7, 8, 7, 7.7, 1, 10.0)])[list(COLUMNS)]
    quote = {**QUOTED, "source": "feed", "at": NOW.replace(month=10, day=8), **changes}

    made, is_running = with_running_day(bars, quote, today)

    assert not is_running and made is bars
