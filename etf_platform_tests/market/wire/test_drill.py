"""The failover drill: the first provider fails in every known way, the right one is used, and people are told once."""

import json
from datetime import date

import pandas as pd
import pytest

from etf_platform.market.calendar import sessions
from etf_platform.market.live import pull_bars, pull_quotes, second_bars
from etf_platform.market.wire.failover import AllSourcesFailedError
from etf_platform_tests.resources.live_feeds import EASTMONEY, SINA, TENCENT, Market, serve
from etf_platform_tests.resources.replay_server import (
    CUT,
    EMPTY,
    ERROR_500,
    HTML_PAGE,
    TIMEOUT,
    TOO_MANY,
    Fault,
)

FUNDS = ("159915.SZ", "159949.SZ", "510050.SH", "510300.SH", "510500.SH")
FIRST, LAST = date(2024, 10, 8), date(2025, 1, 2)
XSHG = sessions("XSHG")


def _yesterday(body: bytes) -> bytes:
    whole = json.loads(body)
    for fund in whole["data"].values():
        fund["day"] = fund["day"][:-1]
    return json.dumps(whole).encode()


def _half(_path, query):
    return Fault(body=b'{"code":0,"msg":"","data":[]}') if query["param"][2:8] in ("159915", "510300") else None


WAYS = {
    "times out": (TIMEOUT, "no answer within 0.3 s"),
    "answers 500": (ERROR_500, "HTTP 500"),
    "slows down": (TOO_MANY, "HTTP 429"),
    "is cut off": (CUT, "cut off"),
    "sends a page": (HTML_PAGE, "HTML page"),
    "is empty": (EMPTY, "empty"),
    "answers yesterday": (Fault(change=_yesterday), "the newest bar is of 2024-12-31, the last session was 2025-01-02"),
}


def _pull(wire, needed_from=FIRST):
    return pull_bars(wire, FUNDS, XSHG, FIRST, needed_from)


def test_bars_are_those_of_the_market(wire, market):
    pulled = _pull(wire)

    rows = pulled.answer.frame.set_index(["symbol", "date"])
    assert (pulled.source, len(rows)) == ("tencent", 5 * len(market.sessions))
    for at, day in enumerate(market.sessions):
        bar = market.bar("510300.SH", at)
        row = rows.loc[("510300.SH", pd.Timestamp(day))]
        assert [row[n] for n in ("open", "high", "low", "close")] == [bar[n] for n in ("open", "high", "low", "close")]
        assert row["volume"] == bar["lots"] * 100
    assert set(rows["source"]) == {"live:tencent"}


@pytest.mark.parametrize("way", WAYS)
def test_when_the_first_provider_fails_the_second_is_used(wire, server, way):
    fault, reason = WAYS[way]
    server.spoil(TENCENT, fault)

    pulled = _pull(wire)

    assert pulled.source == "eastmoney"
    assert set(pulled.answer.frame["source"]) == {"live:eastmoney"}
    assert reason in pulled.attempts[0].reason
    assert [(e.kind, e.source, e.before) for e in wire.around.memory.events] == [("switched", "eastmoney", "tencent")]


def test_half_of_the_symbols_is_no_answer(wire, server):
    server.faults[TENCENT] = _half

    pulled = _pull(wire)

    assert (pulled.source, len(set(pulled.answer.frame["symbol"]))) == ("eastmoney", 5)


def test_the_whole_drill_opens_the_breaker_closes_it_and_tells_once(wire, server, clock):
    """Time-out, 500, half, yesterday, then well again; a pull every five minutes."""
    script = [None, TIMEOUT, ERROR_500, "half", Fault(change=_yesterday), None, None, None]
    used, states = [], []
    for fault in script:
        server.spoil(TENCENT, fault if isinstance(fault, Fault) else None)
        if fault == "half":
            server.faults[TENCENT] = _half
        pulled = _pull(wire)
        used.append(set(pulled.answer.frame["source"]))
        states.append(str(wire.around.memory.health("tencent").state(clock.now)))
        clock.now += 300.0

    assert used == [{"live:tencent"}] + [{"live:eastmoney"}] * 4 + [{"live:tencent"}] * 3
    assert states == ["HEALTHY", "DEGRADED", "DEGRADED", "FAILED", "FAILED", "HEALTHY", "HEALTHY", "HEALTHY"]
    assert [(e.kind, e.source) for e in wire.around.memory.events] == [
        ("switched", "eastmoney"),
        ("recovered", "tencent"),
    ]


def test_after_the_close_quotes_stand_in_for_the_bars_of_the_day(wire, server, market):
    server.spoil(TENCENT, ERROR_500)
    server.spoil(EASTMONEY, HTML_PAGE)

    pulled = _pull(wire, needed_from=LAST)

    rows = pulled.answer.frame.set_index("symbol")
    bar = market.bar("510050.SH", len(market.sessions) - 1)
    assert pulled.source == "sina"
    assert rows.loc["510050.SH", ["close", "prev_close", "volume"]].tolist() == [
        bar["close"],
        bar["previous"],
        bar["lots"] * 100,
    ]
    assert rows["date"].unique().tolist() == [pd.Timestamp("2025-01-02")]


def test_quotes_do_not_stand_in_for_history(wire, server):
    server.spoil(TENCENT, ERROR_500)
    server.spoil(EASTMONEY, HTML_PAGE)

    with pytest.raises(AllSourcesFailedError) as caught:
        _pull(wire, needed_from=FIRST)

    assert "tencent: HTTP 500" in caught.value.saw
    assert "eastmoney: the reply is an HTML page" in caught.value.saw
    assert server.count(SINA) == 0


def test_a_fund_that_is_no_longer_traded_is_not_late(wire, server):
    def ended(body):
        whole = json.loads(body)
        for feed, fund in whole["data"].items():
            fund["day"] = fund["day"][:-30] if feed == "sz159949" else fund["day"]
        return json.dumps(whole).encode()

    server.spoil(TENCENT, Fault(change=ended))

    assert _pull(wire).source == "tencent"


def test_quotes_must_be_fresh_while_the_exchange_is_open(wire, clock, market):
    """The feed says 15:34:59 of the second of January: the last word of the evening, and old the next morning."""
    clock.now = pd.Timestamp("2025-01-02 20:00", tz="Asia/Shanghai").timestamp()
    pulled = pull_quotes(wire, FUNDS, XSHG)
    assert (pulled.source, len(pulled.answer.frame)) == ("sina", 5)

    clock.now = pd.Timestamp("2025-01-03 10:00", tz="Asia/Shanghai").timestamp()
    with pytest.raises(AllSourcesFailedError, match="the newest quote is of 2025-01-02, the session is 2025-01-03"):
        pull_quotes(wire, FUNDS, XSHG)


def test_a_second_provider_is_asked_for_the_sample(wire):
    rows, other, reasons = second_bars(wire, FUNDS[:2], XSHG, pd.Timestamp(LAST), "tencent")

    assert (len(rows), other, reasons) == (2, "eastmoney", ())


def test_the_sample_goes_to_a_third_provider_when_the_second_is_down(wire, server):
    server.spoil(EASTMONEY, ERROR_500)

    rows, other, reasons = second_bars(wire, FUNDS[:2], XSHG, pd.Timestamp(LAST), "tencent")

    assert (len(rows), other) == (2, "sina")
    assert reasons == ("eastmoney: HTTP 500 (given up after 2 of 2 requests)",)


def test_where_no_second_provider_answers_nothing_is_compared(wire, server):
    for host in (EASTMONEY, SINA):
        server.spoil(host, ERROR_500)

    rows, other, reasons = second_bars(wire, FUNDS[:2], XSHG, pd.Timestamp(LAST), "tencent")

    assert (rows.empty, other, len(reasons)) == (True, "", 2)


def test_us_bars_come_from_yahoo_with_its_own_sessions(wire, server, clock):
    """18:00 in Shanghai is before New York opens: the last session that is over is New Year's Eve."""
    days = sessions("XNYS").between("2024-10-08", "2025-01-02")
    market = Market(("QQQ.US", "^VIX"), [f"{day:%Y-%m-%d}" for day in days])
    serve(server, market)

    pulled = pull_bars(wire, market.symbols, sessions("XNYS"), FIRST, FIRST)

    rows = pulled.answer.frame
    assert (pulled.source, rows["date"].max()) == ("yahoo", pd.Timestamp("2024-12-31"))
    assert len(rows) == 2 * (len(days) - 1)
    qqq = rows[rows["symbol"] == "QQQ.US"]["close"].tolist()
    assert qqq == [market.close("QQQ.US", at) for at in range(len(days) - 1)]
