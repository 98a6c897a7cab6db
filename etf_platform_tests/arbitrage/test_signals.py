"""Signals from a market made by hand: one watched board, one unwatched board, three funds."""

import datetime as dt
import json
import re
from dataclasses import fields, replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etf_platform.arbitrage.holdings import known_on
from etf_platform.arbitrage.pace import Curve
from etf_platform.arbitrage.reasons import bps, in_yi, minutes, percent
from etf_platform.arbitrage.signals import Market, Signal, look, signals_of
from etf_platform.core.config.arbitrage import ArbitrageConfig, Strategy
from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.states import State
from etf_platform.core.tables import EXPECTATIONS

DAY = dt.date(2026, 5, 15)
BROAD, FIFTY, SMALL = "510300.SH", "510050.SH", "512999.SH"
MOUTAI, CATL = "600519.SH", "300750.SZ"
FIELDS = [
    "at",
    "stock_name",
    "stock_price",
    "limit_time",
    "seal_amount",
    "change",
    "etf_name",
    "etf_price",
    "etf_weight",
    "etf_premium",
    "etf_amount",
    "reason",
    "confidence",
    "risk_level",
    "actual_weight",
    "weight_rank",
    "top10_ratio",
    "score",
    "edge_bps",
    "components",
    "decision_state",
    "actionable",
    "settlement",
    "sum_weight",
    "stocks_at_limit",
    "others",
    "source",
    "as_of",
    "published_at",
]


def at(time):
    local = dt.datetime.combine(DAY, dt.time.fromisoformat(time)) - dt.timedelta(hours=8)
    return local.replace(tzinfo=dt.UTC)


def states(**changes):
    """Two sealed stocks and one that is not at its limit; `changes` are columns of Moutai."""
    frame = pd.DataFrame(
        {
            "symbol": [MOUTAI, CATL, "601318.SH"],
            "name": ["贵州茅台", "宁德时代", "中国平安"],
            "date": pd.Timestamp(DAY),
            "board": ["main", "chinext", "main"],
            "close": [1437.10, 120.0, 50.0],
            "prev_close": [1306.45, 100.0, 50.0],
            "limit_up": [1437.10, 120.0, 55.0],
            "at_limit": pd.array([True, True, False], dtype="boolean"),
            "sealed": pd.array([True, True, False], dtype="boolean"),
            "boards_in_row": [1, 2, 0],
            "seal_amount": [2.5e9, None, None],
            "float_cap": [1e11, None, None],
            "first_seal": pd.to_datetime(["2026-05-15T01:32:05Z", None, None]).astype("datetime64[us, UTC]"),
            "book_estimated": False,
            "source": "recorded",
        }
    )
    for name, value in changes.items():
        frame[name] = frame[name].astype(object)
        frame.loc[0, name] = value
    return frame


def quotes(**changes):
    """Three funds; `changes` are columns of the fifty's."""
    frame = pd.DataFrame(
        {
            "symbol": [BROAD, FIFTY, SMALL],
            "name": ["沪深300ETF", "上证50ETF", "酒ETF"],
            "last": [4.0, 2.002, 1.0],
            "is_traded": True,
            "amount": [5e8, 2e8, 1e6],
            "iopv": [4.0, 2.0, None],
            "nav": [3.9, 1.98, 0.99],
            "bid1": [3.999, 2.001, 0.999],
            "ask1": [4.001, 2.003, 1.001],
            "source": "recorded",
        }
    )
    for name, value in changes.items():
        frame[name] = frame[name].astype(object)
        frame.loc[1, name] = value
    return frame


def holdings():
    rows = [
        (BROAD, MOUTAI, 1, 0.06),
        (BROAD, CATL, 2, 0.04),
        (FIFTY, MOUTAI, 1, 0.11),
        (FIFTY, CATL, 2, 0.05),
        (FIFTY, "601318.SH", 3, 0.04),
        (SMALL, MOUTAI, -1, 0.049),
    ]
    frame = pd.DataFrame(rows, columns=["symbol", "stock", "rank", "weight"])
    return known_on(
        frame.assign(
            as_of=pd.Timestamp("2026-03-31"),
            published_at=pd.Timestamp("2026-04-22"),
            from_issuer=False,
            completeness="full",
            source="reports",
        ),
        DAY,
    )


def expectations(expected=0.02, day=DAY):
    row = dict.fromkeys(c.name for c in EXPECTATIONS.columns)
    row |= {"date": pd.Timestamp(day), "events": 100, "mean": 0.02, "expected": expected, "source": "recorded"}
    row |= dict.fromkeys(("board", "row_bucket", "seal_bucket", "time_bucket"), "all")
    return pd.DataFrame([row])


MARKET = Market(
    now=at("13:30"),
    trade_date=DAY,
    states=states(),
    funds=quotes(),
    known=holdings(),
    settings=ArbitrageConfig(),
    watch=frozenset({MOUTAI}),
    episodes={MOUTAI: 1, CATL: 1},
    expectations=expectations(),
    sigma={BROAD: 0.01, FIFTY: 0.01},
    adv={BROAD: 5e8, FIFTY: 5e8},
    curves={FIFTY: Curve((0.0, 1.0), 20)},
    settlement={FIFTY: "T+1"},
)
EDGE = 1e4 * 0.16 * 0.02 - 10.0 - 5.0 - 1e4 * 0.002 / 4.004 - 1e4 * 0.01 * 0.001**0.5


def only(market=MARKET):
    (signal,) = signals_of(market)
    return signal


def with_strategy(**changes):
    return replace(MARKET, settings=ArbitrageConfig(strategy=Strategy(**changes)))


def test_a_signal_has_exactly_the_declared_fields_and_they_are_ready_for_json():
    signal = only()

    assert list(signal.fields) == FIELDS
    assert [f.name for f in fields(Signal)] == ["signal_id", "trade_date", "stock", "etf", "episode", *FIELDS]
    assert json.loads(json.dumps(signal.fields)) == signal.fields


def test_the_largest_weight_is_chosen_and_the_other_funds_are_listed():
    signal = only()

    assert (signal.stock, signal.etf, signal.episode) == (MOUTAI, FIFTY, 1)
    assert (signal.etf_weight, signal.actual_weight, signal.weight_rank) == (0.11, 0.11, 1)
    assert signal.others == ({"etf": BROAD, "weight": 0.06},)


def test_a_signal_says_what_was_seen():
    signal = only()

    assert (signal.stock_name, signal.stock_price, signal.limit_time) == ("贵州茅台", 1437.10, "09:32:05")
    assert signal.change == pytest.approx(1437.10 / 1306.45 - 1)
    assert (signal.etf_price, signal.etf_amount, signal.settlement) == (2.002, 2e8, "T+1")
    assert signal.etf_premium == pytest.approx(0.001)
    assert signal.top10_ratio == pytest.approx(0.20)
    assert (signal.at, signal.as_of, signal.published_at) == ("2026-05-15T05:30:00+00:00", "2026-03-31", "2026-04-22")
    assert signal.source == "recorded; reports"


def test_exposure_and_edge_count_all_sealed_holdings_watched_or_not():
    signal = only()

    assert (signal.sum_weight, signal.stocks_at_limit) == (pytest.approx(0.16), 2)
    assert signal.edge_bps == pytest.approx(EDGE)
    assert signal.components["edge"]["parts"]["gross"] == pytest.approx(32.0)


def test_the_score_adds_its_parts():
    signal = only()
    left = 5400.0
    expected = 40 * EDGE / 50 + 15 * (1 - 0.001 / 0.02) + 15 + 10 + 10 + 10

    assert left == 90 * 60
    assert signal.score == pytest.approx(expected)
    assert signal.components["seal"]["value"] == pytest.approx(0.025)
    assert (signal.decision_state, signal.actionable) == ("PASS", True)
    assert (signal.confidence, signal.risk_level) == ("高", "低")


def test_the_reason_is_one_sentence_with_the_numbers():
    assert only().reason == (
        "贵州茅台涨停，封单 25.00 亿元；上证50ETF持有其 11.00%（第 1 大持仓）；"
        "该基金共 2 只持仓封板、合计权重 16.00%；溢价 +0.10%，扣除成本的预期收益 +8.8 个基点；"
        "距收盘 90 分钟，可操作。"
    )


def test_the_identifier_carries_exchange_time_code_and_a_sequence():
    market = replace(MARKET, watch=frozenset({MOUTAI, CATL}), next_sequence=7)

    found = [signal.signal_id for signal in signals_of(market)]

    assert found == ["SIG_20260515133000_600519_0007", "SIG_20260515133000_300750_0008"]
    assert all(re.fullmatch(r"SIG_\d{14}_\d{6}_\d{4}", name) for name in found)


@pytest.mark.parametrize("time", ["09:00", "09:29:59", "11:30", "12:30", "15:00", "20:00"])
def test_outside_the_session_there_is_no_signal(time):
    assert signals_of(replace(MARKET, now=at(time))) == []


def test_on_another_day_than_the_session_there_is_no_signal():
    assert signals_of(replace(MARKET, now=MARKET.now + dt.timedelta(days=1))) == []


def test_an_unwatched_stock_and_one_without_an_episode_raise_nothing():
    assert signals_of(replace(MARKET, watch=frozenset({"601318.SH"}))) == []
    assert signals_of(replace(MARKET, episodes={CATL: 1})) == []


@pytest.mark.parametrize("flag", [None, False])
def test_a_stock_that_is_not_known_to_be_at_its_limit_raises_nothing(flag):
    frame = states()
    frame["at_limit"] = pd.array([flag, True, False], dtype="boolean")

    assert signals_of(replace(MARKET, states=frame)) == []


def test_what_was_told_is_not_told_again_but_the_next_episode_is():
    told = frozenset({(MOUTAI, FIFTY, 1)})

    seen = look(replace(MARKET, told=told))

    assert seen.signals == ()
    assert seen.risen == ()
    assert only(replace(MARKET, told=told, episodes={MOUTAI: 2})).episode == 2


def test_what_was_only_observed_rises_once_it_can_be_acted_on_and_takes_a_place():
    key = frozenset({(MOUTAI, FIFTY, 1)})
    observed = replace(MARKET, told=key, observed=key)

    rises = look(observed)

    assert rises.signals == () and [(s.etf, s.signal_id, s.actionable) for s in rises.risen] == [(FIFTY, "", True)]
    assert look(replace(observed, expectations=expectations(0.0001))).risen == ()
    assert look(replace(observed, gates=State.WARN)).risen == ()
    assert look(replace(observed, standing=5)).risen == ()


def test_a_stock_that_no_fund_holds_enough_of_is_refused_with_a_sentence():
    found = look(with_strategy(min_weight=0.2))

    assert found.signals == ()
    assert [(r.stock, r.by) for r in found.refused] == [(MOUTAI, "min_weight")]


def test_empty_holdings_raise_nothing():
    assert signals_of(replace(MARKET, known=holdings().iloc[:0])) == []


@pytest.mark.parametrize(
    ("market", "by"),
    [
        (replace(MARKET, now=at("14:30:01")), "min_time_to_close"),
        (replace(MARKET, funds=quotes(amount=1e7)), "min_etf_volume"),
        (replace(MARKET, funds=quotes(amount=None)), "min_etf_volume"),
        (replace(MARKET, funds=quotes().drop(index=1)), "min_etf_volume"),
    ],
)
def test_the_chosen_fund_is_refused_by_the_filters(market, by):
    found = look(market)

    assert found.signals == ()
    assert [(r.etf, r.by) for r in found.refused] == [(FIFTY, by)]


def test_the_end_of_continuous_trading_counts_as_the_close_where_it_is_given():
    market = replace(MARKET, now=at("14:28"), continuous_until={FIFTY: "14:57"})

    assert look(market).refused[0].by == "min_time_to_close"
    assert look(replace(market, continuous_until={})).refused == ()


def test_a_projection_is_judged_not_what_has_been_traded():
    early = replace(MARKET, now=at("09:42"), funds=quotes(amount=2.6e6))

    assert only(early).components["liquidity"]["value"] == pytest.approx(2.6e6 / (12 / 240))


def test_a_fund_without_history_has_the_default_pace_and_says_so():
    assert only().components["liquidity"]["estimated"] is False
    assert only(replace(MARKET, curves={})).components["liquidity"]["estimated"] is True


def test_the_premium_is_estimated_without_the_feeds_value_and_says_so():
    market = replace(MARKET, funds=quotes(iopv=None), nav={FIFTY: 1.97}, benchmark={FIFTY: 0.005})

    signal = only(market)

    moved = 0.11 * (1437.10 / 1306.45 - 1) + 0.05 * 0.20 + 0.04 * 0.0 + 0.80 * 0.005
    assert signal.etf_premium == pytest.approx(2.002 / (1.97 * (1 + moved)) - 1)
    assert signal.components["premium"]["estimated"] is True
    assert signal.components["premium"]["covered"] == pytest.approx(0.20)
    assert "估算溢价" in signal.reason


def test_without_a_premium_the_signal_is_blocked_and_for_observation_only():
    signal = only(replace(MARKET, funds=quotes(iopv=0.0)))

    assert (signal.etf_premium, signal.edge_bps, signal.score) == (None, None, None)
    assert (signal.decision_state, signal.actionable) == ("BLOCKED", False)
    assert signal.components["premium"]["missing"] == ["benchmark"]
    assert signal.reason.endswith("仅供观察：预期收益未知、溢价未知。")
    assert "溢价 —" in signal.reason


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"expectations": expectations().iloc[:0]}, ["gross"]),
        ({"expectations": expectations(day=DAY + dt.timedelta(days=3))}, ["gross"]),
        ({"expectations": expectations(expected=None)}, ["gross"]),
        ({"sigma": {}}, ["impact"]),
        ({"adv": {}}, ["impact"]),
        ({"funds": quotes(ask1=None)}, ["half_spread"]),
    ],
)
def test_without_an_edge_the_signal_is_blocked_and_names_what_is_missing(changes, missing):
    signal = only(replace(MARKET, **changes))

    assert (signal.edge_bps, signal.decision_state, signal.actionable) == (None, "BLOCKED", False)
    assert signal.components["edge"]["missing"] == missing


def test_a_missing_part_of_the_score_warns_and_does_not_block():
    signal = only(replace(MARKET, states=states(float_cap=None)))

    assert (signal.decision_state, signal.actionable) == ("WARN", True)
    assert signal.components["seal"]["points"] is None


def test_an_edge_that_does_not_pay_is_no_reason_to_buy():
    signal = only(replace(MARKET, expectations=expectations(-0.01)))

    assert signal.edge_bps < 0
    assert (signal.decision_state, signal.actionable) == ("PASS", False)
    assert signal.reason.endswith("仅供观察：预期收益不足以覆盖成本。")


@pytest.mark.parametrize(
    ("gates", "state"), [(State.WARN, "WARN"), (State.FAIL, "BLOCKED"), (State.BLOCKED, "BLOCKED")]
)
@pytest.mark.parametrize("decision", ["economics", "words"])
def test_only_a_pull_that_passed_its_gates_may_be_acted_on(gates, state, decision):
    signal = only(replace(with_strategy(decision=decision), gates=gates))

    assert (signal.decision_state, signal.actionable) == (state, False)


def test_the_decision_by_words_asks_the_words_alone():
    blind = replace(with_strategy(decision="words"), expectations=expectations().iloc[:0])

    assert only(blind).actionable is True
    assert only(replace(blind, now=at("14:00"), known=holdings().replace({"rank": {1: 11}}))).actionable is False


def test_only_so_many_signals_are_actionable_at_once_and_the_best_come_first():
    both = replace(with_strategy(max_positions=1), watch=frozenset({MOUTAI, CATL}))

    found = signals_of(both)

    assert [signal.actionable for signal in found] == [True, False]
    assert found[0].score >= found[1].score
    assert found[1].reason.endswith("仅供观察：已达同时操作上限 1 个。")
    assert [s.actionable for s in signals_of(replace(both, standing=1))] == [False, False]


def test_another_selector_chooses_another_fund_and_the_original_always_the_largest_weight():
    assert only(with_strategy(selector="best_liquidity")).etf == BROAD
    assert only(with_strategy(selector="lowest_premium")).etf == BROAD
    assert only(with_strategy(selector="lowest_premium", original_compatible=True)).etf == FIFTY


def test_a_selector_without_anything_to_compare_refuses_and_says_why():
    market = replace(with_strategy(selector="lowest_premium"), funds=quotes().assign(iopv=None))

    (refusal,) = look(market).refused

    assert (refusal.stock, refusal.by) == (MOUTAI, "lowest_premium")
    assert "未知" in refusal.sentence


def test_an_unknown_evaluator_is_an_error_with_the_names_that_exist():
    with pytest.raises(UnknownUnitError, match="conservative"):
        signals_of(with_strategy(evaluator_type="bold"))


def test_a_rank_of_minus_one_is_unknown():
    signal = only(replace(MARKET, known=holdings().assign(rank=-1)))

    assert signal.weight_rank is None
    assert "大持仓" not in signal.reason


def test_a_fund_that_has_not_traded_today_has_no_price_and_no_premium():
    signal = look(replace(MARKET, funds=quotes(is_traded=False)))

    assert signal.signals[0].etf_price is None
    assert signal.signals[0].decision_state == "BLOCKED"


def test_names_of_the_universe_win_over_the_providers():
    assert only(replace(MARKET, names={FIFTY: "上证50ETF华夏"})).etf_name == "上证50ETF华夏"


def test_unknown_seal_data_stays_null_and_prints_a_dash():
    signal = only(replace(MARKET, states=states(seal_amount=None, first_seal=None)))

    assert (signal.seal_amount, signal.limit_time) == (None, None)
    assert "封单 —" in signal.reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (percent(0.1), "10.00%"),
        (percent(0.0012, signed=True), "+0.12%"),
        (percent(None, signed=True), "—"),
        (percent(float("nan")), "—"),
        (in_yi(23_201_855), "0.23 亿元"),
        (in_yi(None), "—"),
        (bps(-12.34), "-12.3 个基点"),
        (bps(None), "—"),
        (minutes(-1), "0 分钟"),
    ],
)
def test_fractions_print_as_percent_and_unknown_as_a_dash(text, shown):
    assert text == shown


@settings(deadline=None, max_examples=80)
@given(
    st.sets(st.sampled_from(["name", "last", "is_traded", "amount", "iopv", "nav", "bid1", "ask1", "source"])),
    st.sets(st.sampled_from(["name", "prev_close", "limit_up", "sealed", "seal_amount", "float_cap", "first_seal"])),
    st.sets(st.sampled_from(["sigma", "adv", "curves", "settlement"])),
    st.sampled_from(["highest_weight", "best_liquidity", "lowest_premium", "balanced"]),
)
def test_whatever_is_unknown_nothing_breaks_and_nothing_is_acted_on_without_edge_and_premium(fund, stock, rest, by):
    market = replace(
        with_strategy(selector=by, min_etf_volume=0.0),
        funds=quotes(**dict.fromkeys(fund)),
        states=states(**dict.fromkeys(stock)),
        **{name: {} for name in rest},
    )

    found = look(market)

    for signal in found.signals:
        assert json.loads(json.dumps(signal.fields, allow_nan=False)) == signal.fields
        assert "nan" not in signal.reason.lower() and "none" not in signal.reason.lower()
        assert not signal.actionable or (signal.edge_bps > 0 and signal.etf_premium is not None)
        assert (signal.decision_state == "BLOCKED") is (None in (signal.edge_bps, signal.etf_premium))
    assert all(refusal.sentence for refusal in found.refused)


def test_nothing_at_all_is_no_signal():
    nothing = replace(MARKET, states=states().iloc[:0], funds=pd.DataFrame(), expectations=pd.DataFrame())

    assert signals_of(nothing) == []
    assert signals_of(replace(MARKET, funds=quotes().iloc[:0], expectations=pd.DataFrame())) == []
