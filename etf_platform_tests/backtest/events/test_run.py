"""The whole event back-test: trades, comparison with random days, figures by bucket, empty results, no look-ahead."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.events.run import run_events
from etf_platform.backtest.events.statistics import statistics
from etf_platform.backtest.events.terms import EventTerms, Variant, every_variant
from etf_platform.core.tables import EVENT_FIGURES, EVENT_SIGNALS, EVENT_TRADES

DAYS = pd.bdate_range("2024-01-01", periods=120).as_unit("ns")
TERMS = EventTerms(benchmark_draws=4000, bootstrap_draws=300)


def _bars(symbols=("E1", "E2"), seed=2, jumps=()):
    """Random walks; on the day after each of `jumps` the fund opens 2 % higher than it would."""
    parts = []
    for i, symbol in enumerate(symbols):
        rng = np.random.default_rng([seed, i])
        gaps = rng.normal(0, 0.004, len(DAYS)) + np.isin(np.arange(len(DAYS)) - 1, jumps) * 0.02
        moves = rng.normal(0, 0.006, len(DAYS))
        close = np.cumprod((1 + gaps) * (1 + moves))
        before = np.r_[1.0, close[:-1]]
        opened = before * (1 + gaps)
        frame = {"date": DAYS, "symbol": symbol, "open": opened, "close": close, "prev_close": before}
        high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
        parts.append(pd.DataFrame(frame).assign(high=high, low=low, volume=1e7, amount=2e8, adj_factor=1.0))
    both = pd.concat(parts, ignore_index=True)
    return both.assign(limit_up=both["prev_close"] * 1.1, limit_down=both["prev_close"] * 0.9, source="by hand")


def _signals(places, etfs=("E1", "E2")):
    rows = [
        {
            "date": DAYS[place],
            "etf": etf,
            "stock": f"{600000 + place:06d}.SH",
            "weight": 0.02,
            "sum_weight": [0.004, 0.03, 0.08][place % 3],
            "stocks_at_limit": 1,
            "boards_in_row": 1 + place % 4,
            "premium": [np.nan, 0.0005, -0.002][place % 3],
            "edge_bps": 1.0,
            "confidence": "低",
            "risk": "高",
            "as_of": pd.Timestamp("2023-12-29"),
            "published_at": pd.Timestamp("2024-01-02"),
            "source": "by hand",
        }
        for place in places
        for etf in etfs
    ]
    names = [c.name for c in EVENT_SIGNALS.columns]
    return pd.DataFrame(rows, columns=names).astype({"date": "datetime64[ns]"})


PLACES = list(range(25, 110, 5))
GAINS = Variant("close", "next_open")


def _all(figures, variant):
    return figures[(figures["variant"] == variant) & (figures["bucket"] == "all")].iloc[0]


def test_a_planted_gap_is_found_and_its_size_is_right():
    """Funds that open 2 % higher after a signal earn about 2 % more than on random days; elsewhere nothing is found."""
    planted = run_events(_signals(PLACES), _bars(jumps=PLACES), [GAINS], TERMS, DAYS)[1]
    nothing = run_events(_signals(PLACES), _bars(), [GAINS], TERMS, DAYS)[1]

    found, none = _all(planted, GAINS.name), _all(nothing, GAINS.name)
    share = len(PLACES) / (PLACES[-1] - PLACES[0] + 1)  # random days hit signal days that often
    assert found["mean_extra"] == pytest.approx(0.02 * (1 - share), abs=0.002)
    assert found["low"] > 0.01 and none["low"] < 0.0 < none["high"]


def test_a_signal_that_arrives_after_the_gap_earns_nothing_of_it():
    """Entry at the next open pays the planted gap: the whole point of the honest entry."""
    late = Variant("next_open", "next_open")
    figures = run_events(_signals(PLACES), _bars(jumps=PLACES), [late], TERMS, DAYS)[1]

    assert _all(figures, late.name)["mean_extra"] < 0.003


def test_the_benchmark_is_the_same_trade_on_the_funds_other_days():
    """Against the exact mean over all days between the first and the last signal."""
    bars = _bars()
    trades, _ = run_events(_signals(PLACES), bars, [GAINS], TERMS, DAYS)
    everyday = run_events(_signals(range(PLACES[0], PLACES[-1] + 1)), bars, [GAINS], TERMS, DAYS)[0]

    exact = everyday.groupby("etf")["net"].mean()
    noise = 4 * everyday.groupby("etf")["net"].std() / np.sqrt(TERMS.benchmark_draws)
    drawn = trades.groupby("etf")["benchmark"].agg(["min", "max"])
    assert (drawn["min"] == drawn["max"]).all()
    assert ((drawn["min"] - exact).abs() < noise).all()


def test_trades_and_figures_fit_their_tables_and_repeat():
    first, again = (run_events(_signals(PLACES), _bars(), every_variant("weights_assumed"), TERMS, DAYS) for _ in "12")

    EVENT_TRADES.conform(first[0])
    EVENT_FIGURES.conform(first[1])
    pd.testing.assert_frame_equal(first[0], again[0], check_exact=True)
    pd.testing.assert_frame_equal(first[1], again[1], check_exact=True)
    assert set(first[0]["variant"]) == {
        f"{entry}/{exit_}+weights_assumed"
        for entry in ("next_open", "close")
        for exit_ in ("next_open", "next_close", "profit_or_loss")
    }


def test_the_figures_of_a_bucket_are_those_of_its_trades():
    trades, figures = run_events(_signals(PLACES), _bars(), [GAINS], TERMS, DAYS)

    for (bucket, value), chosen in {
        ("sum_weight", "< 0.5 %"): trades["sum_weight"] < 0.005,
        ("sum_weight", ">= 5 %"): trades["sum_weight"] >= 0.05,
        ("premium", "unknown"): trades["premium"].isna(),
        ("premium", "0-0.1 %"): trades["premium"] == 0.0005,
        ("boards_in_row", "3+"): trades["boards_in_row"] >= 3,
    }.items():
        row = figures[(figures["bucket"] == bucket) & (figures["value"] == value)].iloc[0]
        mine = trades[chosen]
        assert (row["trades"], row["days"]) == (len(mine), mine["date"].nunique())
        expected = [mine["net"].mean(), (mine["net"] - mine["benchmark"]).mean(), (mine["net"] > 0).mean()]
        assert [row[c] for c in ("mean_net", "mean_extra", "win_rate")] == pytest.approx(expected)
        assert row["low"] <= row["mean_extra"] <= row["high"]


def test_no_signals_are_figures_without_numbers_and_no_error():
    trades, figures = run_events(_signals([]), _bars(), every_variant(), TERMS, DAYS)

    assert len(trades) == 0 and (figures["trades"] == 0).all() and figures["mean_net"].isna().all()
    assert set(figures["bucket"]) == {"all", "sum_weight", "premium", "boards_in_row"}
    EVENT_TRADES.conform(trades)
    EVENT_FIGURES.conform(figures)


def test_a_position_that_the_data_cut_off_is_shown_and_not_counted():
    trades, figures = run_events(_signals([100, 119]), _bars(), [GAINS], TERMS, DAYS)

    assert trades["exit_reason"].tolist() == ["next_open", "next_open", "data_end", "data_end"]
    assert _all(figures, GAINS.name)["trades"] == 2


def test_what_happens_after_a_trade_changes_nothing_of_it():
    """Bars from day 80 on are multiplied: trades that ended before are the same but for the random days."""
    changed = _bars()
    late = changed["date"] >= DAYS[80]
    changed.loc[late, ["open", "high", "low", "close", "prev_close"]] *= 3.0

    before, after = (run_events(_signals(PLACES), bars, every_variant(), TERMS, DAYS)[0] for bars in (_bars(), changed))
    ended = before["exit_date"] < DAYS[80]
    columns = [c for c in before.columns if c != "benchmark"]
    pd.testing.assert_frame_equal(after.loc[ended, columns], before.loc[ended, columns], check_exact=True)
    assert ended.sum() > 100


def test_progress_is_told_up_to_the_end():
    told = []
    run_events(_signals(PLACES), _bars(), [GAINS], TERMS, DAYS, advance=told.append)

    assert told == [0.5, 1.0]


def test_statistics_count_signals_by_what_people_ask_for():
    counted = statistics(_signals([0, 1, 25]).assign(stock=["600519.SH", "600519.SH", "A", "A", "600519.SH", "B"]))

    assert counted["total_signals"] == 6
    assert counted["by_confidence"] == {"高": 0, "中": 0, "低": 6} and counted["by_risk"] == {"高": 6, "中": 0, "低": 0}
    assert counted["signals_by_date"] == {"2024-01-01": 2, "2024-01-02": 2, "2024-02-05": 2}
    assert counted["signals_by_month"] == {"2024-01": 4, "2024-02": 2}
    assert counted["most_triggered_stocks"][0] == {"symbol": "600519.SH", "signals": 3}
    assert counted["most_used_etfs"] == [{"symbol": "E1", "signals": 3}, {"symbol": "E2", "signals": 3}]
    assert statistics(_signals([]))["total_signals"] == 0
