"""A small installation made by hand: two stocks at their limit, one opened, two funds, one pool, one signal."""

import dataclasses
import datetime as dt
from typing import Any

import pandas as pd
from fastapi.testclient import TestClient

from etf_platform.core import tables as t
from etf_platform.core.secrets import Secrets
from etf_platform.storage import tracker
from etf_platform.storage.ledger import Verdict, record_verdicts
from etf_platform.storage.outbox import transaction
from etf_platform.web.app import create_app
from etf_platform.web.services import Services

NOW = dt.datetime(2024, 9, 30, 2, 0, tzinfo=dt.UTC)  # Monday 10:00 in Shanghai
DAY = dt.date(2024, 9, 30)
MARKED = "marked-secret-0123456789"
SECRETS = Secrets(
    api_token=MARKED + "-token",
    dingtalk_webhook=f"https://oapi.dingtalk.com/robot/send?access_token={MARKED}-ding",
    wecom_webhook=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={MARKED}-wecom",
    email_password=MARKED + "-mail",
    tushare_token=MARKED + "-tushare",
)


class Recorded:
    """Actions that only remember what was asked."""

    def __init__(self):
        self.scans, self.params, self.scanned = 0, [], ("done", "12 quotes")

    def scan_now(self):
        self.scans += 1
        return self.scanned

    def start_backtest(self, params):
        self.params.append(params)
        return f"bt-{len(self.params)}"

    def dagster_url(self):
        return "http://127.0.0.1:3000"


def client_of(services: Services, **changes) -> TestClient:
    app = create_app(dataclasses.replace(services, **changes))
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def get(client: TestClient, path: str, status: int = 200) -> Any:
    """The JSON of an answer that has this status."""
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def fill(services: Services) -> None:
    lake = services.lake
    lake.write(t.BARS, "STOCK", stock_bars())
    lake.write(t.BARS, "FUND", fund_bars())
    lake.write(t.STOCK_LIST, "STOCK", stock_list())
    lake.write(t.FUND_HOLDINGS, "FUND", holdings())
    lake.write(t.LIMIT_STATES, "STOCK", states())
    lake.write(t.EQUITY, "A_SHARE", equity())
    lake.write(t.METRICS, "A_SHARE", metrics())
    lake.write(t.PANEL, "A_SHARE", panel())
    with transaction(services.ops) as connection:
        tracker.replace_board(connection, DAY, NOW, board_rows())
        tracker.put_quotes(connection, NOW, quotes())
        tracker.add_signals(connection, [signal()], NOW)
        tracker.record_scan(connection, scan())
    record_verdicts(services.ops, [verdict("bars_fresh", "PASS", ""), verdict("min_sharpe", "WARN", "0.4 < 0.5")])
    daily = services.workspace.reports / "daily"
    daily.mkdir(parents=True)
    (daily / "latest.html").write_text("<h1>report</h1>", encoding="utf-8")
    (services.workspace.home / "secret.html").write_text("outside", encoding="utf-8")


def bars_of(symbol: str, rows: list[tuple], factors: dict[str, float] | None = None) -> pd.DataFrame:
    """Rows of (date, open, high, low, close, prev_close, volume)."""
    frame = pd.DataFrame(rows, columns=["date", "open", "high", "low", "close", "prev_close", "volume"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ns]")
    days = frame["date"].dt.strftime("%Y-%m-%d")
    return frame.assign(
        symbol=symbol,
        amount=frame["close"] * frame["volume"],
        adj_factor=[(factors or {}).get(day, 1.0) for day in days],
        amount_estimated=False,
        source="made by hand (simulated)",
        fetched_at=pd.Timestamp("2024-10-01", tz="UTC"),
        revision=0,
    )


def stock_bars() -> pd.DataFrame:
    """Six sessions of 600519: two weeks; a dividend on 09-27 doubles the factor."""
    rows = [
        ("2024-09-19", 10.0, 11.0, 9.0, 10.5, 10.0, 100.0),
        ("2024-09-20", 10.5, 12.0, 10.0, 11.0, 10.5, 200.0),
        ("2024-09-23", 11.0, 13.0, 10.5, 12.0, 11.0, 300.0),
        ("2024-09-26", 12.0, 14.0, 11.5, 13.0, 12.0, 400.0),
        ("2024-09-27", 6.5, 7.0, 6.0, 7.0, 6.5, 500.0),
        ("2024-09-30", 7.0, 7.7, 7.0, 7.7, 7.0, 600.0),
    ]
    return bars_of("600519.SH", rows, {"2024-09-27": 2.0, "2024-09-30": 2.0})


def fund_bars() -> pd.DataFrame:
    rows = [("2024-09-27", 4.001, 4.1, 3.9, 4.003, 4.0, 1000.0), ("2024-09-30", 4.003, 4.2, 4.0, 4.126, 4.003, 2000.0)]
    return bars_of("510300.SH", rows)


def stock_list() -> pd.DataFrame:
    rows = [
        ("600519.SH", "贵州茅台", "main", "白酒", "2001-08-27"),
        ("300750.SZ", "宁德时代", "chinext", "电池", "2018-06-11"),
    ]
    frame = pd.DataFrame(rows, columns=["symbol", "name", "board", "industry", "list_date"])
    return frame.assign(list_date=pd.to_datetime(frame["list_date"]).astype("datetime64[ns]"), source="by hand")


def holdings() -> pd.DataFrame:
    """510300: 8 % 600519 and 6 % 300750 in the report of June; a later report is not out yet on DAY."""
    rows = [
        ("2024-06-30", "2024-07-20", "510300.SH", "600519.SH", "贵州茅台", 1, 0.08, False),
        ("2024-06-30", "2024-07-20", "510300.SH", "300750.SZ", "宁德时代", 2, 0.06, False),
        ("2024-06-30", "2024-07-20", "510300.SH", "601318.SH", "中国平安", 3, 0.02, False),
        ("2024-06-30", "2024-07-20", "510300.SH", "000001.SZ", "平安银行", 4, 0.9, True),
        ("2024-06-30", "2024-07-20", "159915.SZ", "300750.SZ", "宁德时代", 1, 0.15, False),
        ("2024-09-30", "2024-10-25", "510300.SH", "600519.SH", "贵州茅台", 1, 0.5, False),
    ]
    names = ["as_of", "published_at", "symbol", "stock", "stock_name", "rank", "weight", "from_issuer"]
    frame = pd.DataFrame(rows, columns=names)
    for name in ("as_of", "published_at"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame.assign(
        published_estimated=False,
        shares=float("nan"),
        value=float("nan"),
        completeness="top10",
        weight_sum=0.16,
        source="by hand",
        fetched_at=pd.Timestamp("2024-10-26", tz="UTC"),
        payload_hash="0",
    )


def states() -> pd.DataFrame:
    """Closes of 2024-09-27: 600519 at its limit for the second day."""
    none = float("nan")
    row = {
        "date": pd.Timestamp("2024-09-27"),
        "symbol": "600519.SH",
        "board": "main",
        "is_st": False,
        "basis": "computed",
        "rate": 0.1,
        "limit_up": 7.0,
        "close": 7.0,
        "at_limit": True,
        "sealed": None,
        "touched": True,
        "opened": False,
        "one_word": False,
        "boards_in_row": 2,
        "seal_amount": none,
        "first_seal": pd.Timestamp("2024-09-27 01:30", tz="UTC"),
        "last_seal": pd.Timestamp("2024-09-27 01:30", tz="UTC"),
        "times_opened": pd.NA,
        "float_cap": none,
        "amount": 3500.0,
        "source": "by hand",
    }
    return pd.DataFrame([row]).astype({"date": "datetime64[ns]", "times_opened": "Int64"})


def board_rows() -> list[dict]:
    same = {"basis": "feed", "touched": True, "one_word": False, "source": "tencent", "industry": None}
    return [
        {
            **same, "symbol": "600519.SH", "name": "贵州茅台", "price": 7.7, "change": 0.1, "prev_close": 7.0,
            "limit_up": 7.7, "at_limit": True, "sealed": True, "opened": False, "boards_in_row": 3, "volume": 600.0,
            "amount": 4620.0, "turnover": 0.0123, "seal_amount": 1.5e9, "first_seal": "2024-09-30T01:31:05+00:00",
            "last_seal": None, "times_opened": 0, "float_cap": None,
        },
        {
            **same, "symbol": "300750.SZ", "name": "宁德时代", "price": 240.0, "change": 0.2, "prev_close": 200.0,
            "limit_up": 240.0, "at_limit": True, "sealed": True, "opened": False, "boards_in_row": 1, "volume": 9.0,
            "amount": 2160.0, "turnover": None, "seal_amount": None, "first_seal": None, "last_seal": None,
            "times_opened": None, "float_cap": None,
        },
        {
            **same, "symbol": "600036.SH", "name": "<img src=x onerror=alert(1)>", "price": 39.0, "change": 0.05,
            "prev_close": 37.0, "limit_up": 40.7, "at_limit": False, "sealed": False, "opened": True,
            "boards_in_row": 0, "volume": 5.0, "amount": 195.0, "turnover": 0.01, "seal_amount": None,
            "first_seal": None, "last_seal": None, "times_opened": 2, "float_cap": None,
        },
    ]  # fmt: skip


def quotes() -> list[dict]:
    return [
        {"symbol": "600519.SH", "name": "贵州茅台", "price": 7.7, "prev_close": 7.0, "change": 0.1, "limit_up": 7.7},
        {"symbol": "601318.SH", "name": "中国平安", "price": 50.0, "prev_close": 49.0, "change": 0.0204},
        {"symbol": "510300.SH", "name": "沪深300ETF", "price": 4.126,
         "change": 0.0307, "amount": 5e8, "premium": 0.0012},
    ]  # fmt: skip


def signal() -> dict:
    fields = {
        "at": "2024-09-30T02:00:00+00:00", "stock_name": "贵州茅台", "stock_price": 7.7, "limit_time": "09:31:05",
        "seal_amount": 1.5e9, "change": 0.1, "etf_name": "沪深300ETF", "etf_price": 4.126, "etf_weight": 0.08,
        "etf_premium": 0.0012, "etf_amount": 5e8, "reason": "因为", "confidence": "中", "risk_level": "低",
        "score": 55.0, "edge_bps": -3.0, "components": {"edge": {"value": -3.0, "points": 0.0}},
        "decision_state": "WARN", "actionable": False, "sum_weight": 0.14, "stocks_at_limit": 2, "others": [],
    }  # fmt: skip
    return {"trade_date": DAY, "stock": "600519.SH", "etf": "510300.SH", "episode": 1, "fields": fields}


def scan() -> dict:
    return {"at": NOW, "asked_by": "sensor", "state": "done", "detail": "3 quotes", "figures": {"quotes": 3}}


def equity() -> pd.DataFrame:
    values = [100.0, 120.0, 90.0, 130.0]
    days = pd.to_datetime(["2024-09-25", "2024-09-26", "2024-09-27", "2024-09-30"]).astype("datetime64[ns]")
    zero = dict.fromkeys(("holdings_value", "cash", "cost", "turnover"), 0.0)
    counts = dict.fromkeys(("n_positions", "n_stale"), 0)
    return pd.DataFrame({"date": days, "portfolio_value": values}).assign(**zero, **counts, source="by hand")


def metrics() -> pd.DataFrame:
    rows = [("annual_return", 0.12, "fraction"), ("sharpe", float("nan"), "ratio")]
    frame = pd.DataFrame(rows, columns=["metric", "value", "unit"])
    extra = {c.name: "" for c in t.METRICS.columns if c.name not in frame}
    return frame.assign(**{**extra, "source": "by hand"})


def panel() -> pd.DataFrame:
    days = pd.to_datetime(["2024-09-27", "2024-09-30", "2024-09-30"]).astype("datetime64[ns]")
    return pd.DataFrame(
        {
            "date": days,
            "symbol": ["510300.SH", "159915.SZ", "510300.SH"],
            "source": "by hand",
            "momentum_20": pd.array([0.1, 0.2, float("nan")], dtype="float32"),
        }
    )


def verdict(fuse: str, state: str, reason: str) -> Verdict:
    return Verdict("A_SHARE", "market/bars", fuse, DAY, state, 0.4, 0.5, reason, "run-1", 1, "digest")
