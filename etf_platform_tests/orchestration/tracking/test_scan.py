"""A scan stores a look at the market whole, once, and only in the session; what it raised it also ends."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config.arbitrage import WatchedStock
from etf_platform.core.errors import ConfigError
from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking import keep
from etf_platform.orchestration.tracking.judge import judge
from etf_platform.orchestration.tracking.scan import scan_once
from etf_platform.orchestration.tracking.second import Opinion
from etf_platform.storage import tracker, watchlist
from etf_platform.storage.source_states import source_states
from etf_platform_tests.resources.replay_server import ERROR_500, Replay
from etf_platform_tests.resources.trading_day import (
    EASTMONEY_POOL,
    EASTMONEY_QUOTE,
    SINA,
    TENCENT,
    Day,
    Fund,
    Stock,
    serve_day,
)

DATE = dt.date(2024, 9, 23)
ONE, TWO, CALM = "600001.SH", "300002.SZ", "600003.SH"
BIG, SMALL_FUND = "510300.SH", "159915.SZ"
RECORDED = "600619.SH"  # of the feed, on nobody's list
FIRST_LETTER, OPENED_LETTER = "📈 涨停ETF套利信号 - 模拟一号", "⚠️ 涨停打开 - 模拟一号"


def rows(desk):
    """(stock, fund, episode, state) of every signal, oldest first."""
    found = tracker.signals(desk.platform.ops, limit=None)[::-1]
    return [(row["stock"], row["etf"], row["episode"], row["state"]) for row in found]


def test_a_sealed_stock_raises_one_signal_on_the_fund_that_holds_most_of_it(desk):
    report = desk.scan("09:36")

    assert (report.state, report.signals) == ("done", ("SIG_20240923093600_600001_0001",))
    assert rows(desk) == [(ONE, BIG, 1, "notified")]
    assert desk.told == [FIRST_LETTER]
    (board,) = tracker.board(desk.platform.ops)
    wanted = {"symbol": ONE, "price": 11.0, "limit_up": 11.0, "sealed": True, "basis": "feed", "boards_in_row": 1}
    wanted |= {"seal_amount": 11.0 * 5_000_000, "first_seal": "2024-09-23T01:35:00+00:00", "industry": "模拟行业"}
    assert {name: board[name] for name in wanted} == wanted
    quotes = tracker.last_quotes(desk.platform.ops)
    assert sorted(quotes) == sorted([ONE, TWO, CALM, BIG, SMALL_FUND])
    assert (quotes[CALM]["price"], round(quotes[CALM]["change"], 6), quotes[BIG]["iopv"]) == (30.3, 0.01, 4.0)


def test_scanning_again_raises_nothing_new(desk):
    for _ in range(3):
        desk.scan("09:36")

    assert rows(desk) == [(ONE, BIG, 1, "notified")] and desk.told == [FIRST_LETTER]


def test_a_board_that_opens_ends_its_signal_and_a_second_seal_raises_the_next(desk):
    reports = [desk.scan(at) for at in ("09:36", "10:05", "10:31", "10:40", "13:11")]

    assert [len(r.signals) for r in reports] == [1, 1, 0, 0, 1]
    assert reports[2].invalidated == reports[0].signals
    assert rows(desk) == [
        (ONE, BIG, 1, "invalidated"),
        (TWO, SMALL_FUND, 1, "notified"),
        (ONE, BIG, 2, "notified"),
    ]
    assert desk.told == [FIRST_LETTER, "📈 涨停ETF套利信号 - 模拟二号", OPENED_LETTER, FIRST_LETTER]
    spans = [
        (e["stock"], e["episode"], e["ended_at"]) for e in tracker.episodes(desk.platform.ops, dt.date(2024, 9, 23))
    ]
    assert spans == [(TWO, 1, None), (ONE, 1, desk.at("10:31")), (ONE, 2, None)]


def test_a_restart_in_the_middle_raises_nothing_twice(desk):
    for at in ("09:36", "09:37", "10:05", "10:31", "10:32", "13:11"):
        desk.scan(at, platform=desk.restarted())

    assert [(stock, episode) for stock, _, episode, _ in rows(desk)] == [(ONE, 1), (TWO, 1), (ONE, 2)]
    assert len(desk.told) == 4


def test_a_quiet_stock_raises_a_signal_and_no_letter(desk):
    watchlist.set_alerts(desk.platform.workspace.config / "watchlist.yaml", "600001", False)

    for at in ("09:36", "10:31"):
        desk.scan(at)

    assert rows(desk) == [(ONE, BIG, 1, "invalidated"), (TWO, SMALL_FUND, 1, "notified")]
    assert desk.told == ["📈 涨停ETF套利信号 - 模拟二号"]


def test_the_watch_list_counts_as_it_stands_at_the_scan(desk):
    file = desk.platform.workspace.config / "watchlist.yaml"
    watchlist.remove(file, "600001")
    assert desk.scan("09:36").signals == ()
    assert tracker.board(desk.platform.ops)[0]["symbol"] == ONE  # the feed's pool names it

    watchlist.add(file, WatchedStock(code="600001", name="模拟一号", market="sh"))
    assert len(desk.scan("09:37").signals) == 1


def test_without_a_channel_the_signal_stays_new(desk):
    silent = desk.platform.config.alerts.model_copy(update={"enabled": False})

    desk.scan("09:36", platform=desk.with_settings(alerts=silent), channels=())

    assert rows(desk) == [(ONE, BIG, 1, "new")] and desk.told == []


@pytest.mark.parametrize(
    ("time", "date", "sentence"),
    [
        ("09:29:59", dt.date(2024, 9, 23), "09:29:59 in Shanghai is outside of the trading hours"),
        ("11:30:00", dt.date(2024, 9, 23), "11:30:00 in Shanghai is outside of the trading hours"),
        ("15:00:00", dt.date(2024, 9, 23), "15:00:00 in Shanghai is outside of the trading hours"),
        ("10:00:00", dt.date(2024, 9, 22), "2024-09-22 is no session of XSHG"),
        ("10:00:00", dt.date(2024, 10, 1), "2024-10-01 is no session of XSHG"),
    ],
)
def test_outside_of_the_session_nobody_is_asked_and_nothing_is_stored(desk, time, date, sentence):
    report = desk.scan(time, date=date)

    assert report.state == "skipped" and sentence in report.detail
    assert desk.server.asked == [] and tracker.scans(desk.platform.ops) == []


def test_signals_expire_with_the_first_look_after_the_close(desk):
    desk.scan("09:36")
    desk.scan("12:00")
    assert rows(desk) == [(ONE, BIG, 1, "notified")]

    assert desk.scan("15:00").state == "skipped"
    assert rows(desk) == [(ONE, BIG, 1, "expired")]


def test_signals_of_a_day_that_nobody_ended_expire_the_next_morning(desk):
    desk.scan("09:36")

    desk.scan("08:00", date=dt.date(2024, 9, 24))
    assert rows(desk) == [(ONE, BIG, 1, "expired")]


def test_without_a_source_the_scan_fails_with_its_sentence_and_ends_nothing(desk):
    desk.scan("09:36")
    for host in (TENCENT, EASTMONEY_QUOTE, EASTMONEY_POOL, SINA):
        desk.server.spoil(host, ERROR_500)

    report = desk.scan("10:31")

    assert report.state == "failed" and "HTTP 500" in report.detail
    assert rows(desk) == [(ONE, BIG, 1, "notified")]
    assert [s["state"] for s in tracker.scans(desk.platform.ops)] == ["failed", "done"]
    assert tracker.last_scan(desk.platform.ops)["at"] == desk.at("09:36")
    assert {s["source"] for s in source_states(desk.platform.ops)} == {"tencent", "eastmoney", "sina"}
    desk.server.faults.clear()
    assert desk.scan("10:40").invalidated != ()


def test_another_provider_stands_in_and_its_limits_are_computed(desk):
    desk.server.spoil(TENCENT, ERROR_500)

    report = desk.scan("10:05")

    assert report.figures["source"] == "sina" and "tencent: HTTP 500" in report.detail
    assert [(r["symbol"], r["basis"], r["limit_up"]) for r in tracker.board(desk.platform.ops)] == [
        (TWO, "computed", 24.0),
        (ONE, "computed", 11.0),
    ]


def test_without_the_pool_the_watched_stocks_are_looked_at_all_the_same(desk):
    desk.server.spoil(EASTMONEY_POOL, ERROR_500)

    report = desk.scan("09:36")

    assert "pool limit_up: eastmoney: HTTP 500" in report.detail
    assert rows(desk) == [(ONE, BIG, 1, "notified")]
    assert tracker.board(desk.platform.ops)[0]["first_seal"] is None


def test_a_pool_of_another_day_is_refused(desk):
    good = desk.server.hosts[EASTMONEY_POOL]
    desk.server.hosts[EASTMONEY_POOL] = lambda path, query: good(path, query).replace(
        b'"qdate": 20240923', b'"qdate": 20240920'
    )

    assert "the pool is of 20240920" in desk.scan("09:36").detail


def test_a_sample_is_compared_with_a_second_provider(desk):
    agreeing = desk.scan("09:36").figures
    funds = (Fund(BIG, "模拟基金甲", 4.2, None), Fund(SMALL_FUND, "模拟基金乙", 2.1, None))
    stocks = (
        Stock(ONE, "模拟一号", 10.5, 11.55),
        Stock(TWO, "模拟二号", 21.0, 25.2),
        Stock(CALM, "模拟三号", 31.5, 34.65),
    )
    elsewhere = Replay(0)
    serve_day(elsewhere, Day(DATE, lambda: desk.clock[0], stocks, funds))
    desk.server.hosts[SINA] = elsewhere.hosts[SINA]

    report = desk.scan("10:05")

    assert (agreeing["second_source"], agreeing["compared"], agreeing["differ"]) == ("sina", 5, 0)
    assert (report.figures["compared"], report.figures["differ"]) == (5, 5)
    assert "5 of 5 prices differ at sina: " in report.detail


@pytest.mark.parametrize(
    ("compared", "differ", "state"), [(0, 0, "PASS"), (5, 2, "PASS"), (5, 3, "WARN"), (2, 1, "WARN")]
)
def test_half_a_sample_that_differs_is_a_warning(compared, differ, state):
    assert Opinion("sina", compared, differ, "x").state.value == state


def test_a_second_provider_that_fails_delays_nothing_for_long(desk):
    desk.server.spoil(SINA, ERROR_500)

    reports = [desk.scan(at) for at in ("09:36", "09:37")]

    assert [r.figures["second_source"] for r in reports] == ["", ""]
    assert sum(host == SINA for host, _ in desk.server.asked) == 2  # two attempts of the first scan, then left alone


def test_two_scanners_at_once_do_the_work_once(desk):
    assert tracker.take_lease(desk.platform.ops, "another", desk.at("09:36"), 60)

    assert desk.scan("09:36").detail == "another scanner is at work"
    assert desk.scan("09:37").state == "done"


def test_a_scanner_that_lost_its_lease_stores_nothing(desk, monkeypatch):
    """It stood still for longer than its lease; meanwhile another one has begun."""

    def slow(*words):
        assert tracker.take_lease(desk.platform.ops, "another", desk.at("09:38"), 60)
        return judge(*words)

    monkeypatch.setattr("etf_platform.orchestration.tracking.scan.judge", slow)
    report = desk.scan("09:36")

    assert report.state == "skipped" and "has taken over" in report.detail
    assert rows(desk) == [] and desk.told == [] and tracker.board(desk.platform.ops) == []


def test_what_breaks_in_the_middle_of_the_transaction_leaves_nothing(desk, monkeypatch):
    monkeypatch.setattr(keep.tracker, "move_signals", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        desk.scan("09:36")
    monkeypatch.undo()
    assert rows(desk) == [] and desk.told == [] and tracker.board(desk.platform.ops) == []
    assert desk.scan("09:37").signals != () and desk.told == [FIRST_LETTER]


def test_the_whole_market_can_be_scanned(desk):
    """A stock that nobody watches and that no pool names is quoted because it is listed."""
    listed = {
        "symbol": RECORDED,
        "name": "x",
        "board": "main",
        "industry": "",
        "list_date": pd.Timestamp("2000-01-04"),
        "source": "simulated",
    }
    desk.platform.lake.write(t.STOCK_LIST, "STOCK", pd.DataFrame([listed]))
    settings = desk.platform.config.arbitrage
    strategy = settings.strategy.model_copy(update={"scan_scope": "all"})
    arbitrage = settings.model_copy(update={"strategy": strategy})

    watched, everything = desk.scan("09:36"), desk.scan("09:37", desk.with_settings(arbitrage=arbitrage))
    assert (watched.figures["stocks"], everything.figures["stocks"]) == (3, 4)


def test_an_installation_without_network_says_so(tmp_path, desk):
    platform = Platform.open(Workspace(tmp_path / "other", desk.platform.workspace.config, "sample"))

    with pytest.raises(ConfigError, match="sample is no live source"):
        scan_once(platform, desk.at("10:00"), "cli")
