"""A small home drawn from a seed: stocks, funds, boards, signals, pools. Labelled simulated; names try to do harm.

Here: stored rows only. The server is started in `serving.py`.
"""

import datetime as dt

import numpy as np
import pandas as pd

from etf_platform.core import tables as t
from etf_platform.market.calendar import sessions
from etf_platform.storage import tracker
from etf_platform.storage.ledger import Verdict, record_verdicts
from etf_platform.storage.outbox import transaction
from etf_platform.web.services import Services

DAY = dt.date(2024, 9, 30)
NOW = dt.datetime(2024, 9, 30, 2, 12, 40, tzinfo=dt.UTC)  # Monday 10:12:40 in Shanghai
SOURCE = "sample (simulated)"
IMAGE, SCRIPT = "<img src=x onerror=alert(1)>", '"><script>window.harmed=1</script>'
STOCKS = {
    "600519.SH": ("贵州茅台", "白酒"), "300750.SZ": ("宁德时代", "电池"), "601318.SH": ("中国平安", "保险"),
    "600036.SH": ("招商银行", "银行"), "300059.SZ": ("东方财富", "证券"), "600030.SH": ("中信证券", "证券"),
    "600276.SH": ("恒瑞医药", "医药"), "688981.SH": ("中芯国际", "半导体"), "002594.SZ": ("比亚迪", "汽车"),
    "601012.SH": ("隆基绿能", "光伏"), "000858.SZ": ("五粮液", "白酒"), "601899.SH": ("紫金矿业", "有色"),
    "300124.SZ": ("汇川技术", "自动化"), "002475.SZ": ("立讯精密", "电子"), "600900.SH": ("长江电力", "电力"),
    "601688.SH": ("华泰证券", "证券"), "000776.SZ": ("广发证券", "证券"), "300760.SZ": ("迈瑞医疗", "医药"),
    "603259.SH": (IMAGE, "医药"), "002230.SZ": (SCRIPT, SCRIPT),
}  # fmt: skip
FUNDS = {
    "510300.SH": "沪深300ETF", "510050.SH": "上证50ETF", "512880.SH": "证券ETF", "159915.SZ": "创业板ETF",
    "512010.SH": "医药ETF", "512480.SH": "半导体ETF", "510500.SH": IMAGE,
}  # fmt: skip
BOARDS = {  # symbol: boards in a row; 0 has opened
    "600030.SH": 1, "601688.SH": 2, "000776.SZ": 2, "300059.SZ": 1, "688981.SH": 1, "300124.SZ": 3, "601899.SH": 1,
    "002594.SZ": 1, "603259.SH": 5, "002230.SZ": 1, "000858.SZ": 0, "601012.SH": 0,
}  # fmt: skip
FIRST_SEALS = ("01:30:00", "01:31:05", "01:44:12", "01:58:40", "02:03:09")


def fill(services: Services, empty: bool = False) -> None:
    """Store everything; `empty` leaves all tables unwritten."""
    if empty:
        return
    days = sessions("XSHG").index
    days = pd.DatetimeIndex(days[days <= pd.Timestamp(DAY)][-330:]).tz_localize(None).astype("datetime64[ns]")
    lake, random = services.lake, np.random.default_rng(7)
    stocks, funds = (bars(symbols, days, random) for symbols in (STOCKS, FUNDS))
    lake.write(t.BARS, "STOCK", stocks)
    lake.write(t.BARS, "FUND", funds)
    lake.write(t.STOCK_LIST, "STOCK", stock_list())
    lake.write(t.FUND_HOLDINGS, "FUND", holdings(random))
    lake.write(t.LIMIT_STATES, "STOCK", states(stocks))
    lake.write(t.BOARD_COUNTS, "STOCK", board_counts(days[-130:], random))
    lake.write(t.EVENT_SIGNALS, "STOCK", premiums(days[-200:], random))
    for place, pool in enumerate((*services.config.pools, "portfolio")):
        lake.write(t.EQUITY, pool, account(days, random, 1e7 if pool != "portfolio" else 1.0))
        lake.write(t.METRICS, pool, figures(place))
    with transaction(services.ops) as connection:
        tracker.replace_board(connection, DAY, NOW, board(stocks))
        tracker.put_quotes(connection, NOW, quotes(stocks, funds))
        tracker.record_scan(connection, scan())
        for place, row in enumerate(signals()):
            tracker.add_signals(connection, [row], NOW - dt.timedelta(minutes=4 * place))
        for row in past_signals(random):
            tracker.add_signals(connection, [row], dt.datetime.combine(row["trade_date"], dt.time(2, 30), dt.UTC))
    old = [row["signal_id"] for row in tracker.signals(services.ops, limit=500) if row["trade_date"] != DAY]
    gains = random.normal(0.004, 0.012, len(old))
    outcome = {
        name: {"next_open": float(g), "next_close": float(g * 1.4 - 0.002)} for name, g in zip(old, gains, strict=True)
    }
    tracker.set_outcomes(services.ops, outcome, NOW)
    tracker.want(services.ops, "running", "test", NOW)
    record_verdicts(services.ops, verdicts(services))
    daily = services.workspace.reports / "daily"
    daily.mkdir(parents=True)
    (daily / "latest.html").write_text("<!doctype html><title>report</title><h1>Daily report</h1>", encoding="utf-8")


def bars(symbols, days, random) -> pd.DataFrame:
    """Random walks; a stock closes at its limit now and then, and on the last day when it is on the board."""
    frames = []
    for place, symbol in enumerate(symbols):
        step = random.normal(0.0006, 0.017 if symbol in STOCKS else 0.009, len(days))
        if symbol in STOCKS:
            step[random.random(len(days)) < 0.02] = 0.1
            if BOARDS.get(symbol):
                step[-BOARDS[symbol] :] = 0.1
        close = np.round((4 + 9 * (place % 7)) * np.exp(np.cumsum(np.log1p(step))), 3 if symbol in FUNDS else 2)
        before = np.concatenate([[close[0]], close[:-1]])
        opened = before * (1 + random.normal(0, 0.004, len(days)))
        top, bottom = np.maximum(opened, close), np.minimum(opened, close)
        at_limit = step >= 0.0999
        high = np.where(at_limit, close, top * (1 + np.abs(random.normal(0, 0.006, len(days)))))
        frame = pd.DataFrame({"date": days, "symbol": symbol, "close": close, "prev_close": before})
        opened = np.minimum(opened, high)
        frame = frame.assign(
            open=opened, high=high, low=np.minimum(bottom, opened) * (1 - np.abs(random.normal(0, 0.006, len(days))))
        )
        volume = np.round(random.lognormal(16, 0.45, len(days)), -2) * np.where(at_limit, 1.8, 1.0)
        factor = np.where(np.arange(len(days)) < len(days) - 60, 1.0, 1.08)
        frames.append(frame.assign(volume=volume, amount=volume * close, adj_factor=factor))
    made = pd.concat(frames, ignore_index=True).sort_values(["date", "symbol"], ignore_index=True)
    stamp = pd.Timestamp("2024-09-30 08:00", tz="UTC")
    return made.assign(amount_estimated=False, source=SOURCE, fetched_at=stamp, revision=0)


def stock_list() -> pd.DataFrame:
    rows = [(symbol, name, "main", industry) for symbol, (name, industry) in STOCKS.items()]
    frame = pd.DataFrame(rows, columns=["symbol", "name", "board", "industry"])
    return frame.assign(list_date=pd.Timestamp("2010-01-04").as_unit("ns"), source=SOURCE)


def holdings(random) -> pd.DataFrame:
    frames = []
    for fund in FUNDS:
        held = random.choice(list(STOCKS), 10, replace=False)
        if fund == "512880.SH":
            held = ["300059.SZ", "600030.SH", "601688.SH", "000776.SZ", "603259.SH", "002230.SZ"]
        weights = np.sort(random.uniform(0.02, 0.15, len(held)))[::-1]
        rows = {
            "symbol": fund,
            "stock": held,
            "rank": range(1, len(held) + 1),
            "weight": weights,
            "weight_sum": weights.sum(),
        }
        frames.append(pd.DataFrame(rows))
    made = pd.concat(frames, ignore_index=True)
    return made.assign(
        stock_name=[STOCKS[stock][0] for stock in made["stock"]],
        as_of=pd.Timestamp("2024-06-30").as_unit("ns"),
        published_at=pd.Timestamp("2024-07-19").as_unit("ns"),
        published_estimated=False,
        shares=float("nan"),
        value=float("nan"),
        from_issuer=False,
        completeness="top10",
        source=SOURCE,
        fetched_at=pd.Timestamp("2024-07-20", tz="UTC"),
        payload_hash="0",
    )


def states(stocks: pd.DataFrame) -> pd.DataFrame:
    """Rows of the closes at the limit, without the last day: that one is on the live board."""
    hit = stocks[(stocks["close"] / stocks["prev_close"] > 1.095) & (stocks["date"] < pd.Timestamp(DAY))]
    rows = hit[["date", "symbol", "close", "amount"]].assign(
        board="main", is_st=False, basis="computed", rate=0.1, limit_up=hit["close"], at_limit=True, sealed=None,
        touched=True, opened=False, one_word=False, boards_in_row=1, seal_amount=float("nan"), float_cap=float("nan"),
        times_opened=pd.NA, source=SOURCE,
    )  # fmt: skip
    stamps = {
        name: pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ns, UTC]") for name in ("first_seal", "last_seal")
    }
    return rows.assign(**stamps).astype({"times_opened": "Int64"}).sort_values(["date", "symbol"], ignore_index=True)


def board_counts(days, random) -> pd.DataFrame:
    hit = random.poisson(62, len(days)) + np.where(np.arange(len(days)) > len(days) - 6, 240, 0)
    opened = random.poisson(24, len(days))
    whole = dict.fromkeys(("one_word", "unknown", "no_limit"), 0)
    frame = pd.DataFrame(
        {"date": days, "board": "all", "stocks": 5200, "at_limit": hit, "opened": opened, "longest_row": 6}
    )
    return frame.assign(**whole, seal_rate=hit / (hit + opened), source=SOURCE)


def premiums(days, random) -> pd.DataFrame:
    frame = pd.DataFrame({"date": days, "etf": "512880.SH", "stock": "600030.SH", "weight": 0.13, "sum_weight": 0.2})
    dates = {name: pd.Timestamp("2024-06-30").as_unit("ns") for name in ("as_of", "published_at")}
    frame = frame.assign(
        stocks_at_limit=2, boards_in_row=1, premium=random.normal(0.001, 0.003, len(days)), edge_bps=1.0
    )
    return frame.assign(confidence="中", risk="低", **dates, source=SOURCE)


def account(days, random, start: float) -> pd.DataFrame:
    value = start * np.exp(np.cumsum(random.normal(0.0007, 0.009, len(days))))
    zero = dict.fromkeys(("holdings_value", "cash", "cost", "turnover"), 0.0)
    return pd.DataFrame({"date": days, "portfolio_value": value}).assign(
        **zero, n_positions=5, n_stale=0, source=SOURCE
    )


def figures(place: int) -> pd.DataFrame:
    known = {
        "annual_return": 0.124 - 0.05 * place, "annual_volatility": 0.171, "max_drawdown": -0.183, "sharpe": 0.73,
        "total_return": 0.412, "monthly_win_rate": 0.58, "annual_turnover": 6.4 if place else float("nan"),
    }  # fmt: skip
    rows = {"metric": list(known), "value": list(known.values()), "unit": "fraction", "source": SOURCE}
    return pd.DataFrame(rows)


def board(stocks: pd.DataFrame) -> list[dict]:
    last = stocks[stocks["date"] == pd.Timestamp(DAY)].set_index("symbol")
    rows = []
    for place, (symbol, boards) in enumerate(BOARDS.items()):
        bar, hit = last.loc[symbol], boards > 0
        rows.append({
            "symbol": symbol, "name": STOCKS[symbol][0], "industry": STOCKS[symbol][1], "price": bar["close"],
            "change": bar["close"] / bar["prev_close"] - 1, "prev_close": bar["prev_close"],
            "limit_up": round(bar["prev_close"] * 1.1, 2), "basis": "feed", "at_limit": hit, "sealed": hit,
            "touched": True,
            "opened": not hit, "one_word": place == 8, "boards_in_row": boards, "volume": bar["volume"],
            "amount": bar["amount"], "turnover": 0.011 * (place + 1),
            "seal_amount": 2.2e7 * (place + 1) ** 2 if hit else None,
            "first_seal": f"2024-09-30T{FIRST_SEALS[place % 5]}+00:00", "last_seal": None,
            "times_opened": place % 3 if place != 4 else None, "float_cap": None, "source": SOURCE,
        })  # fmt: skip
    return rows


def quotes(stocks: pd.DataFrame, funds: pd.DataFrame) -> list[dict]:
    rows = []
    for frame in (stocks, funds):
        for bar in frame[frame["date"] == pd.Timestamp(DAY)].to_dict("records"):
            name = FUNDS.get(bar["symbol"]) or STOCKS[bar["symbol"]][0]
            change = bar["close"] / bar["prev_close"] - 1
            rows.append({
                "symbol": bar["symbol"], "name": name, "price": bar["close"], "prev_close": bar["prev_close"],
                "change": change, "amount": bar["amount"], "limit_up": round(bar["prev_close"] * 1.1, 2),
                "premium": change / 9 if bar["symbol"] in FUNDS else None, "source": SOURCE,
            })  # fmt: skip
    return [row for row in rows if row["symbol"] != "600276.SH"]  # one watched stock without a quote


def signals() -> list[dict]:
    """Signals of the day, the newest first."""
    pairs = [
        ("603259.SH", "512880.SH"),
        ("600030.SH", "512880.SH"),
        ("300059.SZ", "512880.SH"),
        ("688981.SH", "512480.SH"),
    ]
    return [signal(stock, fund, DAY, place) for place, (stock, fund) in enumerate(pairs)]


def past_signals(random) -> list[dict]:
    days = [day for k in range(3, 60) if (day := DAY - dt.timedelta(days=k)).weekday() < 5]
    return [signal("300059.SZ", "512880.SH", day, int(random.integers(0, 4))) for day in days]


def signal(stock: str, fund: str, day: dt.date, place: int) -> dict:
    edge, premium = (18.4, -6.2, 4.1, None)[place], (0.0007, 0.0061, 0.0022, None)[place]
    parts = {
        "edge": {"value": edge, "points": None if edge is None else max(0.0, edge * 0.8), "of": 40.0},
        "premium": {"value": premium, "points": None if premium is None else 15 - premium * 700, "of": 15.0},
        "liquidity": {"value": 3.1e8, "points": 15.0, "of": 15.0},
        "time": {"value": 12000, "points": 10.0, "of": 10.0},
        "seal": {"value": 0.008, "points": 4.0, "of": 10.0},
        "holdings": {"value": 0.55, "points": 5.5, "of": 10.0},
    }
    fields = {
        "at": NOW.isoformat(), "stock_name": STOCKS[stock][0], "stock_price": 27.41, "limit_time": "09:31:05",
        "seal_amount": 4.3e8, "change": 0.1001, "etf_name": FUNDS[fund], "etf_price": 1.042,
        "etf_weight": 0.1312 - 0.02 * place,
        "etf_premium": premium, "etf_amount": 8.2e8, "confidence": ("高", "中", "中", "低")[place],
        "risk_level": ("低", "中", "低", "高")[place], "score": (73.0, 48.0, 58.0, None)[place], "edge_bps": edge,
        "reason": f"{STOCKS[stock][0]} 涨停封板，{FUNDS[fund]} 持有 {13.12 - 2 * place:.2f} %，合计涨停权重 41.0 %",
        "decision_state": ("PASS", "PASS", "WARN", "BLOCKED")[place], "actionable": place == 0, "settlement": "T+1",
        "sum_weight": 0.41, "stocks_at_limit": 6, "components": parts,
        "others": [{"etf": "510300.SH", "weight": 0.031}],
        "source": SOURCE, "as_of": "2024-06-30", "published_at": "2024-07-19",
    }  # fmt: skip
    return {"trade_date": day, "stock": stock, "etf": fund, "episode": 1, "fields": fields}


def scan() -> dict:
    return {
        "at": NOW,
        "asked_by": "sensor",
        "state": "done",
        "detail": "20 quotes, 10 at limit",
        "figures": {"quotes": 20},
    }


def verdicts(services: Services) -> list[Verdict]:
    made = []
    for pool in (*services.config.pools, "portfolio"):
        for fuse in ("bars_fresh", "members_complete", "panel_coverage", "min_sharpe", "max_drawdown"):
            state, reason = "PASS", ""
            if (pool, fuse) == ("A_SHARE", "min_sharpe"):
                state, reason = "WARN", "sharpe 0.46 is below 0.50 for 3 sessions"
            if (pool, fuse) == ("OTHER", "panel_coverage"):
                state, reason = "FAIL", "only 71 % of the panel is filled, 80 % are needed to rank funds on it"
            made.append(Verdict(pool, "factors/panel", fuse, DAY, state, 0.8123, 0.8, reason, "run-1", 1, "digest"))
    return made
