"""Replies that nobody recorded, written by hand after the public formats: Tushare, Yahoo, EastMoney's single quote."""

import json
from datetime import UTC, datetime
from typing import Any


def tushare_bars(**changes: Any) -> bytes:
    """Two days of a fund: 9,435,356 lots and 4,474,693.3 thousand yuan, as the quote of that fund once said."""
    fields = [
        "ts_code",
        "trade_date",
        "open",
        "high",
        "low",
        "close",
        "pre_close",
        "change",
        "pct_chg",
        "vol",
        "amount",
    ]
    items = [
        ["510300.SH", "20260115", 4.71, 4.764, 4.706, 4.751, 4.709, 0.042, 0.8919, 9435356.0, 4474693.309],
        ["510300.SH", "20260114", 4.70, 4.72, 4.69, 4.709, 4.7, 0.009, 0.1915, 5000000.0, 2350000.0],
    ]
    whole = {"request_id": "x", "code": 0, "msg": "", "data": {"fields": fields, "items": items, "has_more": False}}
    return json.dumps(whole | changes).encode()


def tushare_limits() -> bytes:
    """Limits of a stock and a fund, and of a new listing without one."""
    fields = ["trade_date", "ts_code", "pre_close", "up_limit", "down_limit"]
    items = [
        ["20260114", "600519.SH", 1306.45, 1437.1, 1175.81],
        ["20260114", "510300.SH", 4.709, 5.18, 4.238],
        ["20260114", "301999.SZ", 10.0, 99999.99, 0.0],
    ]
    whole = {"code": 0, "msg": None, "data": {"fields": fields, "items": items, "has_more": False}}
    return json.dumps(whole).encode()


def yahoo_bars(**columns: Any) -> bytes:
    """Four days of 2026 around a dividend of 0.50 (7 January) and a split of two for one (8 January).

    As traded: closes 100, 102, 51 after the split, 52. Yahoo gives 50, 51, 51, 52, and adjclose lower by
    1 - 0.25 / 50 = 0.995 before the dividend, which it halves too.
    """
    days = [datetime(2026, 1, d, 14, 30, tzinfo=UTC).timestamp() for d in (6, 7, 8, 9)]
    quote = {
        "open": [49.5, 50.5, 51.0, 51.5],
        "high": [50.5, 51.5, 51.5, 52.5],
        "low": [49.0, 50.0, 50.5, 51.0],
        "close": [50.0, 51.0, 51.0, 52.0],
        "volume": [2000, 2200, 2100, 1900],
    }
    adjusted = {"adjclose": [49.75, 51.0, 51.0, 52.0]}
    events = {
        "dividends": {"1": {"amount": 0.25, "date": int(days[1])}},
        "splits": {"2": {"date": int(days[2]), "numerator": 2, "denominator": 1, "splitRatio": "2:1"}},
    }
    result = {
        "meta": {"symbol": "QQQ", "currency": "USD", "exchangeTimezoneName": "America/New_York"},
        "timestamp": [int(d) for d in days],
        "events": events,
        "indicators": {"quote": [quote | columns], "adjclose": [adjusted]},
    }
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def eastmoney_quote(**changes: Any) -> bytes:
    """A stock on a morning of August 2026, with the numbers of the line that Tencent gave of it."""
    data = {
        "f43": 1301.5,
        "f44": 1314.4,
        "f45": 1300.01,
        "f46": 1310.0,
        "f47": 11131,
        "f48": 1451334748.0,
        "f51": 1437.1,
        "f52": 1175.81,
        "f57": "600519",
        "f58": "贵州茅台",
        "f60": 1306.45,
        "f86": 1785983013,
        "f107": 1,
        "f116": 1.6e12,
        "f117": 1.6e12,
        "f168": 0.09,
    }
    return json.dumps({"rc": 0, "data": data | changes}, ensure_ascii=False).encode()
