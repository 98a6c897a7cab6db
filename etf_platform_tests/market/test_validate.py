"""Every rule refuses what its name says, alone and in a range alike, and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.tables import BARS, QUARANTINE
from etf_platform.market.validate import FORWARD_SUBTRACTED, UNADJUSTED, broken_counts, validate


@pytest.fixture
def judge(config, xshg):
    return lambda rows, **options: validate(rows, xshg, config.instruments.instruments, **options)


REFUSED = {
    "non_positive_price": {"low": -0.01},
    "high_low_order": {"high": 0.9},
    "non_numeric": {"close": "n/a"},
    "missing_value": {"open": None},
    "negative_volume": {"volume": -5.0},
    "zero_volume": {"volume": 0.0},
    "negative_amount": {"amount": -1.0},
    "bad_adj_factor": {"adj_factor": 0.0},
    "implausible_move": {"prev_close": 0.8},
    "unit_mismatch": {"amount": 10.0},
}


@pytest.mark.parametrize("rule", REFUSED)
def test_rule_by_name(judge, raw, rule):
    """One defect, one refused row that names its rule and keeps the row."""
    verdict = judge(raw([1.0], **REFUSED[rule]))

    assert verdict.bars.empty
    assert verdict.quarantine["rule"].tolist() == [rule]
    column, value = next(iter(REFUSED[rule].items()))
    assert json.loads(verdict.quarantine["row"].iloc[0])[column] == value


def test_a_clean_row_is_a_bar(judge, raw):
    verdict = judge(raw([1.0, 1.05]))

    assert len(verdict.bars) == 2
    assert verdict.quarantine.empty
    assert BARS.conform(verdict.bars).num_rows == 2
    assert QUARANTINE.conform(verdict.quarantine).num_rows == 0


def test_no_rows_are_no_bars(judge, raw):
    verdict = judge(raw([1.0]).iloc[:0])

    assert BARS.conform(verdict.bars).num_rows == 0


def test_a_row_on_a_closed_day_is_filed_under_the_next_session(judge, raw):
    """2024-02-09 was closed; the next session is 2024-02-19. The row itself keeps its date."""
    verdict = judge(raw([1.0], start="2024-02-09"))

    assert verdict.quarantine["rule"].tolist() == ["non_session"]
    assert verdict.quarantine["date"].tolist() == [pd.Timestamp("2024-02-19")]
    assert json.loads(verdict.quarantine["row"].iloc[0])["date"] == "2024-02-09"


def test_a_row_after_today_is_refused(judge, raw):
    verdict = judge(raw([1.0, 1.0]), today="2024-03-04")

    assert len(verdict.bars) == 1
    assert verdict.quarantine["rule"].tolist() == ["future_date"]


def test_conflicting_duplicates_are_both_refused(judge, raw):
    rows = pd.concat([raw([1.0]), raw([1.01])])

    verdict = judge(rows)

    assert verdict.bars.empty
    assert verdict.quarantine["rule"].tolist() == ["duplicate", "duplicate"]
    assert verdict.quarantine["position"].tolist() == [0, 1]
    assert QUARANTINE.conform(verdict.quarantine).num_rows == 2


def test_identical_duplicates_are_kept_once_and_counted(judge, raw):
    verdict = judge(pd.concat([raw([1.0]), raw([1.0])]))

    assert len(verdict.bars) == 1
    assert verdict.n_identical == 1


@pytest.mark.parametrize("given", [np.nan, 0.0])
def test_a_missing_turnover_is_estimated_and_flagged(judge, raw, given):
    bars = judge(raw([2.0], amount=given)).bars

    assert bars[["amount", "amount_estimated"]].to_numpy().tolist() == [[2000.0, True]]


def test_text_that_is_a_number_is_a_number(judge, raw):
    bars = judge(raw([1.0], close="1.0", volume="1000")).bars

    assert bars["volume"].tolist() == [1000.0]


@pytest.mark.parametrize("text", ["inf", "-inf", "1,000"])
def test_what_is_no_finite_number_is_refused(judge, raw, text):
    assert judge(raw([1.0], volume=text)).quarantine["rule"].tolist() == ["non_numeric"]


def test_a_move_at_the_tolerance_is_accepted(judge, raw):
    """Ten percent band: 0.10 * 1.1 + 0.01 = 12 %."""
    assert len(judge(raw([1.119], prev_close=1.0)).bars) == 1
    assert judge(raw([1.121], prev_close=1.0)).bars.empty


def test_forward_subtracted_series_may_move_three_times_the_limit(judge, raw):
    assert len(judge(raw([1.30], prev_close=1.0), tolerance=FORWARD_SUBTRACTED).bars) == 1
    assert judge(raw([1.32], prev_close=1.0), tolerance=FORWARD_SUBTRACTED).bars.empty


def test_a_jump_at_the_open_of_an_unadjusted_series_is_left_to_the_actions(judge, raw):
    """A split jumps at the open; a typing error in the close alone does not."""
    split = raw([0.25], prev_close=1.0)
    typo = raw([1.0], prev_close=1.0, close=0.25, low=0.25)

    assert len(judge(split, tolerance=UNADJUSTED).bars) == 1
    assert judge(typo, tolerance=UNADJUSTED).quarantine["rule"].tolist() == ["implausible_move"]


def test_a_series_is_refused_from_its_third_broken_row_on(judge, raw):
    rows = raw([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0], prev_close=np.nan)

    verdict = judge(rows)

    assert verdict.bars["date"].dt.day.tolist() == [4, 6, 8]
    assert verdict.quarantine["rule"].tolist() == ["non_positive_price"] * 3 + ["broken_series"] * 2


def test_broken_rows_of_the_past_count(judge, raw):
    """The stored quarantine of the days before stands in for the days themselves."""
    rows = raw([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0], prev_close=np.nan)
    whole = judge(rows)
    past = judge(rows.iloc[:4])

    rest = judge(rows.iloc[4:], prior_breaks=broken_counts(past.quarantine))

    pd.testing.assert_frame_equal(rest.bars, whole.bars.iloc[2:].reset_index(drop=True))
    assert rest.quarantine["rule"].tolist() == whole.quarantine["rule"].tolist()[2:]


def test_one_broken_symbol_does_not_touch_another(judge, raw):
    rows = pd.concat([raw([-1.0] * 4), raw([1.0] * 4, symbol="510500.SH")])

    verdict = judge(rows)

    assert set(verdict.bars["symbol"]) == {"510500.SH"}
    assert len(verdict.bars) == 4


def test_later_rows_change_no_earlier_verdict(judge, raw):
    """Cutting the end off changes nothing before it, whatever stands there."""
    rows = raw([1.0, -1.0, 1.0, 5.0, 1.0, -1.0, 1.0, "x", 1.0])
    whole = judge(rows)
    for n in range(1, len(rows)):
        last = rows["date"].iloc[n - 1]

        part = judge(rows.iloc[:n])

        before = whole.bars[whole.bars["date"] <= last]
        pd.testing.assert_frame_equal(part.bars, before.reset_index(drop=True), check_exact=True)
        refused = whole.quarantine[whole.quarantine["date"] <= last].reset_index(drop=True)
        pd.testing.assert_frame_equal(part.quarantine, refused)
