"""Signals of past days by hand, and that none of them knows the future."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.arbitrage.evaluators.default import DEFAULT
from etf_platform.arbitrage.history import SignalTerms, event_signals
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.tables import EVENT_SIGNALS

DAYS = pd.bdate_range("2024-01-01", periods=30).as_unit("ns")
TERMS = SignalTerms(DEFAULT, SignalEvaluation())
EXPECTED = 0.02


def _fund(symbol="E1", until=30):
    """A fund that closes at 2.00 and 2.02 in turn."""
    close = np.where(np.arange(until) % 2 == 0, 2.0, 2.02)
    return pd.DataFrame(
        {
            "date": DAYS[:until],
            "symbol": symbol,
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "prev_close": np.r_[2.02, close[:-1]],
            "volume": 1e7,
            "amount": 2e8,
            "source": "by hand",
        }
    )


def _boards(*given):
    """(place, stock, boards in a row) at the limit."""
    return pd.DataFrame(
        [
            {
                "date": DAYS[place],
                "symbol": stock,
                "board": "main",
                "at_limit": True,
                "boards_in_row": row,
                "seal_amount": np.nan,
                "float_cap": np.nan,
                "first_seal": pd.Timestamp("NaT", tz="UTC"),
                "source": "by hand",
            }
            for place, stock, row in given
        ]
    ).astype({"at_limit": "boolean"})


def _holdings(weights, published=DAYS[20]):
    rows = [{"symbol": "E1", "stock": stock, "weight": weight} for stock, weight in weights.items()]
    return pd.DataFrame(rows).assign(
        as_of=pd.Timestamp("2023-12-29"),
        published_at=published,
        from_issuer=False,
        completeness="full",
        source="by hand",
    )


def _expectations(value=EXPECTED):
    names = ("board", "row_bucket", "seal_bucket", "time_bucket")
    return pd.DataFrame(
        [
            {"date": day, **dict.fromkeys(names, "all"), "expected": value, "seal_low": np.nan, "seal_high": np.nan}
            for day in DAYS
        ]
    )


def _changes(weights, change=0.01):
    return pd.DataFrame([{"date": day, "symbol": stock, "change": change} for day in DAYS for stock in weights])


WEIGHTS = {"A": 0.12, "B": 0.05, "C": 0.83}
BOARDS = _boards((19, "A", 1), (21, "B", 1), (22, "A", 2), (22, "B", 3), (23, "Z", 1))


@pytest.fixture
def signals():
    return event_signals(BOARDS, _holdings(WEIGHTS), _fund(), _expectations(), _changes(WEIGHTS), TERMS)


def test_a_signal_sums_what_had_been_published(signals):
    """The board of the day before the publication, and the one of a stock that is not held, give none."""
    assert signals[["date", "stock", "stocks_at_limit", "boards_in_row"]].values.tolist() == [
        [DAYS[21], "B", 1, 1],
        [DAYS[22], "A", 2, 2],
    ]
    assert signals["sum_weight"].tolist() == pytest.approx([0.05, 0.17])
    assert signals["weight"].tolist() == [0.05, 0.12]
    EVENT_SIGNALS.conform(signals)


def test_the_premium_is_the_funds_change_over_that_of_its_holdings(signals):
    """Day 21 closes at 2.02 after 2.00, day 22 at 2.00 after 2.02; the holdings gain 1 % on both."""
    assert signals["premium"].tolist() == pytest.approx([2.02 / (2.00 * 1.01) - 1, 2.00 / (2.02 * 1.01) - 1], abs=1e-12)


def test_the_edge_is_weight_times_expectation_less_every_cost(signals):
    """5 % of 2 % are 10 bps; 5 bps fees, a tick of 0.001 on 2.02, and impact are taken off."""
    moves = [(2.02 / 2.0 - 1), (2.0 / 2.02 - 1)] * 10
    impact = np.std(moves, ddof=1) * np.sqrt(500_000 / 2e8) * 1e4

    assert signals["edge_bps"].tolist() == pytest.approx(
        [10.0 - 5.0 - 1e4 * 0.001 / 2.02 - impact, 34.0 - 5.0 - 1e4 * 0.001 / 2.00 - impact], rel=1e-6
    )


def test_words_of_a_daily_bar_know_no_time_to_the_close(signals):
    """5 % at rank 2 of 3 is 高 by rank; the risk is 高, for the close has come."""
    assert signals["confidence"].tolist() == ["高", "高"]
    assert signals["risk"].tolist() == ["高", "高"]


def test_holdings_without_a_price_leave_the_premium_and_the_edge_unknown():
    changes = _changes({"A": 0.12, "B": 0.05})
    made = event_signals(BOARDS, _holdings(WEIGHTS), _fund(), _expectations(), changes, TERMS)

    assert made["premium"].isna().all() and made["edge_bps"].isna().all() and len(made) == 2


def test_a_least_weight_is_asked_of_the_largest_holding():
    terms = SignalTerms(DEFAULT, SignalEvaluation(), min_weight=0.10)
    made = event_signals(BOARDS, _holdings(WEIGHTS), _fund(), _expectations(), _changes(WEIGHTS), terms)

    assert made["date"].tolist() == [DAYS[22]]


def test_a_fund_without_a_bar_gives_no_signal():
    made = event_signals(BOARDS, _holdings(WEIGHTS), _fund(until=22), _expectations(), _changes(WEIGHTS), TERMS)

    assert made["date"].tolist() == [DAYS[21]]


def test_no_signal_knows_a_later_day(signals):
    """Everything after day 21 is changed, and a report is published then: the signal of day 21 stays bit for bit."""
    later = DAYS[22:]
    fund = _fund()
    fund.loc[fund["date"].isin(later), ["open", "close", "amount"]] *= 3.0
    changes = _changes(WEIGHTS)
    changes.loc[changes["date"].isin(later), "change"] = -0.5
    expected = _expectations()
    expected.loc[expected["date"].isin(later), "expected"] = 0.9
    holdings = pd.concat([_holdings(WEIGHTS), _holdings({"B": 0.9}, DAYS[22]).assign(as_of=pd.Timestamp("2024-01-15"))])

    made = event_signals(_boards((21, "B", 1), (22, "B", 2)), holdings, fund, expected, changes, TERMS)
    pd.testing.assert_frame_equal(made[:1], signals[:1], check_exact=True)
    assert made["weight"].tolist() == [0.05, 0.9]


def test_no_board_and_no_holdings_are_empty_tables():
    none = event_signals(BOARDS[:0], _holdings(WEIGHTS), _fund(), _expectations(), _changes(WEIGHTS), TERMS)

    assert len(none) == 0 and list(none.columns) == [c.name for c in EVENT_SIGNALS.columns]
    assert len(event_signals(BOARDS, _holdings(WEIGHTS)[:0], _fund(), _expectations(), _changes(WEIGHTS), TERMS)) == 0
