"""What is decided at a close, kept on other days, and told to differ."""

import datetime as dt
import json

import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import PAPER_DECISIONS
from etf_platform.paper.decisions import Authority, Known, Provenance, changes_hands, decide, differences, last_decision

DAY = pd.Timestamp("2024-10-31")
WHY = Provenance({"market/A/bars": 7}, "abc", "1.0+f00", dt.datetime(2024, 10, 31, 10, tzinfo=dt.UTC))


def known(decides=True, weights=(0.5, 0.5, 0.0)):
    symbols = ["510050.SH", "510300.SH", "510500.SH"]
    targets = pd.DataFrame(
        {
            "date": DAY,
            "symbol": symbols,
            "score": [0.2, 0.1, float("nan")],
            "target_weight": weights,
            "is_decision": decides,
            "source": "hand (simulated)",
        }
    )
    bar = {"open": 2.0, "high": 2.2, "low": 1.9, "close": 2.1, "prev_close": 2.0, "volume": 1e6, "adj_factor": 1.0}
    bars = pd.DataFrame([{"symbol": s, **bar} for s in symbols[:2]])
    features = pd.DataFrame({"rsi_14": [55.5, float("nan")]}, index=symbols[:2])
    return Known(targets, pd.Series(dict.fromkeys(symbols, 2.1)), bars, features)


def weights(rows, column="weight"):
    return rows.set_index("symbol")[column].to_dict()


def test_a_decision_takes_the_targets_times_the_multipliers():
    rows = decide(known(), pd.Series(dtype=float), Authority("REL-1", 0.2, 0.5, 0.5), WHY, starts=False)

    assert weights(rows) == {"510050.SH": 0.025, "510300.SH": 0.025, "510500.SH": 0.0}
    assert weights(rows, "target") == {"510050.SH": 0.5, "510300.SH": 0.5, "510500.SH": 0.0}
    assert rows["is_decision"].all() and set(rows["release_id"]) == {"REL-1"}
    PAPER_DECISIONS.conform(rows)


def test_a_day_without_decision_keeps_the_weights_in_force():
    rows = decide(known(decides=False), pd.Series({"510500.SH": 0.3}), Authority(), WHY, starts=False)

    assert weights(rows) == {"510050.SH": 0.0, "510300.SH": 0.0, "510500.SH": 0.3}
    assert not rows["is_decision"].any()


def test_an_account_that_starts_takes_up_the_weights_in_force():
    rows = decide(known(decides=False), pd.Series({"510500.SH": 0.3}), Authority(), WHY, starts=True)

    assert rows["is_decision"].all()


def test_a_decision_keeps_what_it_knew():
    rows = decide(known(), pd.Series(dtype=float), Authority(), WHY, starts=False).set_index("symbol")

    assert json.loads(rows.loc["510050.SH", "bar"])["close"] == 2.1
    assert json.loads(rows.loc["510050.SH", "features"]) == {"rsi_14": 55.5}
    assert json.loads(rows.loc["510300.SH", "features"]) == {"rsi_14": None}
    assert (rows.loc["510500.SH", "bar"], rows.loc["510500.SH", "features"]) == ("", "{}")
    assert rows["inputs"].unique().tolist() == ['{"market/A/bars": 7}']


def test_a_fund_without_a_close_is_refused():
    lacking = known()
    lacking.closes.drop("510500.SH", inplace=True)

    with pytest.raises(BadInputError, match=r"510500\.SH has no close"):
        decide(lacking, pd.Series(dtype=float), Authority(), WHY, starts=False)


def test_a_day_without_targets_is_refused():
    nothing = Known(known().targets.iloc[:0], known().closes, known().bars, known().features)

    with pytest.raises(BadInputError, match="no targets"):
        decide(nothing, pd.Series(dtype=float), Authority(), WHY, starts=False)


def test_the_last_decision_is_the_newest_one_that_was_decided():
    early, late = known().targets.assign(date=pd.Timestamp("2024-09-30")), known(decides=False).targets

    assert last_decision(pd.concat([early, late])).to_dict() == {"510050.SH": 0.5, "510300.SH": 0.5, "510500.SH": 0.0}
    assert last_decision(late).empty


def test_only_another_weight_or_decision_differs_not_another_price():
    one = decide(known(), pd.Series(dtype=float), Authority(), WHY, starts=False)
    other = decide(known(weights=(0.5, 0.0, 0.5)), pd.Series(dtype=float), Authority(), WHY, starts=False)

    assert differences(one, one.assign(close=9.9, score=0.0)) == []
    assert [(d["symbol"], d["recorded"], d["now"]) for d in differences(one, other)] == [
        ("510300.SH", [0.5, 0.5, True], [0.0, 0.0, True]),
        ("510500.SH", [0.0, 0.0, True], [0.5, 0.5, True]),
    ]


def test_kept_weights_are_traded_only_when_the_exposure_changed():
    held = pd.Series({"510500.SH": 0.4})
    full, same, half = (
        decide(known(decides=False), held, Authority(breaker=size), WHY, starts=False) for size in (1.0, 1.0, 0.5)
    )

    assert not changes_hands(same, full)
    assert changes_hands(half, full)
    assert changes_hands(decide(known(), held, Authority(), WHY, starts=False), full)
