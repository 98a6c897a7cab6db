"""What a scan makes of a look: what was known before, what can be acted on later, and why other boards are silent."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from etf_platform.arbitrage.choose import Refusal
from etf_platform.core import tables as t
from etf_platform.core.states import State
from etf_platform.orchestration.tracking.judge import nav_of
from etf_platform.orchestration.tracking.known import known_before
from etf_platform.orchestration.tracking.look import Sighting
from etf_platform.orchestration.tracking.second import Opinion
from etf_platform.orchestration.tracking.silence import counted, why_silent
from etf_platform.storage import mailroom, tracker, watchlist
from etf_platform_tests.resources.trading_day import Day, Fund, Stock, serve_day

DATE = dt.date(2024, 9, 23)
ONE, TWO = "600001.SH", "300002.SZ"
BIG, SMALL_FUND = "510300.SH", "159915.SZ"
WEIGHT_OF_ONE, WEIGHT_OF_TWO, GAIN = 0.12, 0.03, 0.006


def write_returns(platform, gain=GAIN, known_on="2024-09-20"):
    """Boards of both exchanges that all earned the same, known since a day."""
    rows = pd.DataFrame(
        {
            "date": pd.Timestamp("2024-09-10"),
            "symbol": [ONE, TWO],
            "board": ["main", "chinext"],
            "boards_in_row": 1,
            "seal_ratio": float("nan"),
            "first_seal_bucket": "unknown",
            "known_on": pd.Timestamp(known_on),
            "next_open": gain,
            "next_close": gain,
            "market_next_open": 0.0,
            "extra_next_open": gain,
            "source": "simulated",
        }
    )
    day = dt.date(2024, 9, 10)
    platform.lake.write(t.BOARD_RETURNS, platform.config.arbitrage.stocks, rows.sort_values("symbol"), day, day)


def write_fund_bars(platform):
    """Twenty-five sessions of the large fund: 1 % up, 1 % down, 2.2 billion yuan a day."""
    days = platform.sessions(platform.config.arbitrage.funds).index
    days = days[days < pd.Timestamp(DATE)][-25:]
    close = [4.0 if at % 2 else 4.04 for at in range(len(days))]
    numbers = dict.fromkeys(("open", "high", "low", "close", "prev_close"), close)
    rows = pd.DataFrame({"date": days, "symbol": BIG, **numbers, "volume": 5e8, "amount": 2.2e9, "adj_factor": 1.0})
    texts = {c.name: "simulated" for c in t.BARS.columns if c.type == "string" and c.name not in rows}
    flags = {c.name: False for c in t.BARS.columns if c.type == "bool"}
    rows = rows.assign(**texts, **flags, fetched_at=pd.Timestamp(DATE, tz="UTC"), revision=0)
    platform.lake.write(t.BARS, platform.config.arbitrage.funds, rows[[c.name for c in t.BARS.columns]])


def test_a_signal_that_can_be_acted_on_later_is_told_once_more_and_keeps_what_was_said(desk):
    """The second board of the fund pays for the costs that the first alone did not."""
    write_returns(desk.platform)
    write_fund_bars(desk.platform)

    reports = [desk.scan(at, platform=desk.restarted()) for at in ("09:36", "10:05", "10:06")]

    (signal,) = [row for row in tracker.signals(desk.platform.ops, limit=None) if row["etf"] == BIG]
    (before,) = signal["history"]
    assert [r.figures["risen"] for r in reports] == [0, 1, 0] and "1 became actionable" in reports[1].detail
    assert (before["actionable"], signal["actionable"]) == (False, True)
    assert (before["stocks_at_limit"], signal["stocks_at_limit"]) == (1, 2)
    assert before["edge_bps"] < 0.0 < signal["edge_bps"]
    assert signal["edge_bps"] - before["edge_bps"] == pytest.approx(1e4 * WEIGHT_OF_TWO * GAIN)
    assert (before["at"][:16], signal["at"][:16]) == ("2024-09-23T01:36", "2024-09-23T02:05")
    letters = [row for row in mailroom.letters(desk.platform.ops, limit=1000) if "模拟一号" in row["subject"]]
    assert sorted(row["dedupe_key"].removeprefix(f"limit_up:{signal['signal_id']}") for row in letters) == [
        "",
        ":risen",
    ]


def test_a_signal_whose_board_opened_does_not_rise(desk):
    write_fund_bars(desk.platform)
    desk.scan("09:36")
    desk.scan("10:31")
    write_returns(desk.platform, gain=0.05)

    with desk.platform.ops.begin() as connection:
        row = {"trade_date": DATE, "stock": ONE, "etf": BIG, "episode": 1, "fields": {"actionable": True}}
        assert tracker.restate_signals(connection, [row], desk.at("10:32")) == []


def test_expectations_of_today_count_what_became_known_yesterday_and_not_today(desk):
    """No row for the session itself is stored: the scan comes before the daily job."""
    write_returns(desk.platform, known_on="2024-09-20")
    assert set(known_before(desk.platform, DATE).expectations["expected"]) == {GAIN}

    write_returns(desk.platform, known_on="2024-09-23")
    later = known_before(desk.platform, DATE).expectations
    assert (later["date"] == pd.Timestamp(DATE)).all() and later["events"].tolist() == [0]


def test_minutes_of_whole_sessions_give_a_fund_its_own_pace(desk):
    half, full = pd.Timestamp("2024-09-20T03:30Z"), pd.Timestamp("2024-09-20T07:00Z")
    rows = pd.DataFrame({"time": [half, full], "amount": [3e8, 1e8], "date": pd.Timestamp("2024-09-20")})
    rows = rows.assign(symbol=BIG, price=4.0, volume=1e6, source="simulated", fetched_at=full, payload_hash="0")
    day = dt.date(2024, 9, 20)
    columns = [c.name for c in t.MINUTES.columns]
    desk.platform.lake.write(t.MINUTES, desk.platform.config.arbitrage.funds, rows[columns], day, day)

    curve = known_before(desk.platform, DATE).curves[BIG]

    assert (curve.sessions, curve.shares[119], curve.shares[120], curve.shares[-1]) == (1, 0.0, 0.75, 1.0)
    assert desk.scan("13:10").signals
    (signal,) = tracker.signals(desk.platform.ops, DATE, limit=1)
    assert signal["components"]["liquidity"]["estimated"] is (signal["etf"] != BIG)


def test_every_board_without_a_signal_says_why(desk):
    watchlist.remove(desk.platform.workspace.config / "watchlist.yaml", "300002")
    heavy = desk.platform.config.arbitrage.strategy.model_copy(update={"min_weight": 0.5})
    settings = desk.platform.config.arbitrage.model_copy(update={"strategy": heavy})

    report = desk.scan("10:05", platform=desk.with_settings(arbitrage=settings))

    silent = {row["symbol"]: row["no_signal"] for row in tracker.board(desk.platform.ops)}
    assert silent == {ONE: "没有已知持仓的基金达到最低权重", TWO: "不在自选列表"}
    assert report.figures["refused"] == {"min_weight": 1, "unwatched": 1}


def test_a_board_with_a_signal_gives_no_reason(desk):
    for at in ("09:36", "09:37"):
        desk.scan(at)

        assert [row["no_signal"] for row in tracker.board(desk.platform.ops)] == [None]


def test_reasons_are_of_the_board_as_it_is():
    states = pd.DataFrame(
        {
            "symbol": ["A", "B", "C", "D", "E", "F"],
            "at_limit": pd.array([True, True, True, False, True, None], dtype="boolean"),
            "sealed": pd.array([False, None, True, False, True, None], dtype="boolean"),
        }
    )
    refused = [Refusal("C", "F1", "min_etf_volume", "太小"), Refusal("C", "F1", "min_time_to_close", "太晚")]

    silence = why_silent(states, {"A", "B", "C", "D"}, set(), refused)

    assert silence.tolist() == ["未封死：仍有卖单", "封单未知", "太小；太晚", None, "不在自选列表", None]
    assert counted(refused, silence) == {"min_etf_volume": 1, "min_time_to_close": 1, "unwatched": 1}


def test_the_estimate_names_the_broad_fund_that_stands_for_the_market(desk):
    """The smaller fund has no value at the feed: 51 % of it moves with the large fund, which stands still."""
    funds = (Fund(BIG, "模拟基金甲", 4.000, 4.000), Fund(SMALL_FUND, "模拟基金乙", 2.000, None))
    stocks = (Stock(ONE, "模拟一号", 10.0, 11.0), Stock(TWO, "模拟二号", 20.0, 24.0, (("10:00", "sealed"),)))
    serve_day(desk.server, Day(DATE, lambda: desk.clock[0], stocks, funds))

    report = desk.scan("10:05")

    (signal,) = tracker.signals(desk.platform.ops, DATE)
    assert (signal["etf"], signal["components"]["premium"]["benchmark"]) == (SMALL_FUND, BIG)
    assert report.figures["benchmark"][BIG] == 0.0


def test_a_value_that_another_provider_gave_earlier_today_stands_in():
    funds = pd.DataFrame({"symbol": ["A", "B", "C", "D"], "nav": [1.5, None, None, None]})
    today = dt.datetime(2024, 9, 23, 2, tzinfo=dt.UTC)
    quotes = {
        "A": {"at": today, "nav": 9.0},
        "B": {"at": today, "nav": 2.0},
        "C": {"at": today - dt.timedelta(days=3), "nav": 3.0},
        "D": {"at": today, "nav": None},
    }

    assert nav_of(funds, quotes, DATE) == {"B": 2.0}


@pytest.mark.parametrize(
    ("absent", "second", "state"),
    [
        (0.0, Opinion("b", 10, 4), State.PASS),
        (0.01, Opinion("b", 10, 4), State.PASS),
        (0.04, Opinion("b", 10, 0), State.WARN),
        (0.0, Opinion("b", 10, 5), State.WARN),
    ],
)
def test_a_pull_that_passed_with_a_warning_is_not_acted_on(absent, second, state):
    none = pd.DataFrame()

    assert replace(Sighting(none, none, none, "a", ()), absent=absent, second=second).gates is state
