"""Adjustment: all four prices together; events are found, never applied unasked."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import ADJUSTMENT_EVENTS, MEMBERS
from etf_platform.market.actions import decided, detect_actions
from etf_platform.market.adjust import anchored, apply_events, total_return
from etf_platform.market.members import members
from etf_platform.market.validate import UNADJUSTED, validate


@pytest.fixture
def split(raw, xshg, config):
    """Twelve sessions, one for four on the eighth (2024-03-13), volume four times as large from there."""
    closes = [4.0] * 7 + [1.0] * 5
    volume = [1000.0] * 7 + [4000.0] * 5
    rows = raw(closes, volume=volume, amount=4000.0)
    return validate(rows, xshg, config.instruments.instruments, tolerance=UNADJUSTED).bars


def test_a_split_is_found_with_price_and_volume(split, config):
    events = detect_actions(split, config.instruments.instruments)

    assert ADJUSTMENT_EVENTS.conform(events).num_rows == 1
    event = events.iloc[0]
    assert (event["date"], event["symbol"]) == (pd.Timestamp("2024-03-13"), "510300.SH")
    assert (event["price_ratio"], event["volume_ratio"], event["suggested_factor"]) == (0.25, 4.0, 4.0)
    assert (event["kind"], event["status"]) == ("split", "review")


def test_a_merger_is_found_with_price_and_volume(split, config):
    backwards = split.assign(**{c: split[c].to_numpy()[::-1] for c in ("open", "high", "low", "close", "volume")})

    event = detect_actions(backwards, config.instruments.instruments).iloc[0]

    assert (event["kind"], event["suggested_factor"]) == ("reverse_split", 0.25)


def test_a_jump_without_volume_is_unexplained(split, config):
    events = detect_actions(split.assign(volume=1000.0), config.instruments.instruments)

    assert events["kind"].tolist() == ["unexplained"]


def test_a_jump_that_adj_factor_explains_is_no_event(split, config):
    declared = split.assign(adj_factor=[1.0] * 7 + [4.0] * 5)

    assert detect_actions(declared, config.instruments.instruments).empty


def test_an_event_is_found_on_its_own_day(split, config):
    """What comes later adds nothing."""
    whole = detect_actions(split, config.instruments.instruments)

    on_the_day = detect_actions(split.iloc[:8], config.instruments.instruments)

    pd.testing.assert_frame_equal(on_the_day, whole, check_exact=True)


def test_an_event_in_review_changes_nothing(split, config):
    events = detect_actions(split, config.instruments.instruments)

    pd.testing.assert_frame_equal(apply_events(split, events), split)


def test_an_accepted_event_makes_the_total_return_continuous(split, config):
    events = detect_actions(split, config.instruments.instruments).assign(status="accepted")

    bars = apply_events(split, events)

    assert bars["adj_factor"].tolist() == [1.0] * 7 + [4.0] * 5
    assert bars["prev_close"].tolist()[1:] == [4.0] * 6 + [1.0] * 5
    assert total_return(bars)["close"].tolist() == [4.0] * 12
    assert bars["close"].tolist() == split["close"].tolist()


def test_an_event_with_another_status_is_refused(split, config):
    events = detect_actions(split, config.instruments.instruments).assign(status="perhaps")

    with pytest.raises(BadInputError, match="perhaps"):
        apply_events(split, events)


def test_a_decision_replaces_the_detected_event(split, config):
    events = detect_actions(split, config.instruments.instruments)

    after = decided(events, events.assign(status="rejected"))

    assert after["status"].tolist() == ["rejected"]


def test_all_four_prices_are_adjusted_together(split):
    bars = split.assign(adj_factor=[1.0] * 7 + [4.0] * 5)

    for name in ("open", "high", "low", "close"):
        assert total_return(bars)[name].tolist() == [4.0] * 12
        assert anchored(bars)[name].tolist() == [1.0] * 12


def test_members_say_what_is_known_and_why_something_is_missing(raw, xshg, config):
    rows = pd.concat([raw([1.0] * 5), raw([-1.0] * 3 + [1.0] * 2, symbol="510500.SH")])
    verdict = validate(rows, xshg, config.instruments.instruments)

    table = members(
        ("510500.SH", "510300.SH", "512000.SH"), verdict.bars.drop(index=2), verdict.quarantine,
        config.instruments.instruments, xshg, "test",
    )  # fmt: skip

    assert MEMBERS.conform(table).num_rows == 3
    known = table.set_index("symbol")
    assert known["status"].to_dict() == {"510300.SH": "ok", "510500.SH": "quarantined", "512000.SH": "no_data"}
    assert known["rows"].to_dict() == {"510300.SH": 4, "510500.SH": 0, "512000.SH": 0}
    assert known["quarantined_rows"].to_dict() == {"510300.SH": 0, "510500.SH": 5, "512000.SH": 0}
    assert known.loc["510300.SH", "missing_rate"] == pytest.approx(0.2)
    assert known.loc["510300.SH", "mean_amount_20"] == 1000.0
    assert known.loc["510300.SH", "name"] == "沪深300ETF华泰柏瑞"
    assert np.isnan(known.loc["512000.SH", "missing_rate"])
    assert "broken_series since 2024-03-07" in known.loc["510500.SH", "reason"]
