"""Stages of drift: every transition by hand, the ledger as the record, nothing twice."""

import pandas as pd
import pytest

from etf_platform.core.config.governance import DriftConfig
from etf_platform.core.units.event import RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.drift.machine import Stage, closures, moves, recorded_stages, stages, standing

CONFIG = DriftConfig()
LEVELS = {"s": "stable", "a": "alert", "m": "major", "?": "unknown"}
DAYS = pd.bdate_range("2024-03-01", periods=40)


def _rows(levels, feature="volatility_20"):
    named = [LEVELS[letter] for letter in levels]
    return pd.DataFrame({"date": DAYS[: len(levels)], "feature": feature, "level": named, "reason": ""})


def _staged(levels, closed=(), feature="volatility_20"):
    rows = _rows(levels, feature)
    return rows.assign(stage=stages(rows, CONFIG, closed))


def _event(kind, place, subject="A_SHARE"):
    return Event(f"{kind}/{place}", kind, subject, "system:test", {}, as_of=DAYS[place].date())


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ("s", "N"),
        ("a", "N"),
        ("aa", "NA"),
        ("m", "A"),
        ("mm", "AD"),
        ("aaa", "NAR"),
        ("mmm", "ADR"),
        ("msm", "AAA"),  # two majors that do not follow each other degrade nothing
        ("amm", "NAR"),  # three alarm sessions outweigh two majors
        ("asas", "NNNN"),
        ("mss", "AAA"),
        ("msss", "AAAN"),
        ("mmmsssa", "ADRRRNN"),
        ("mmmssasss", "ADRRRRRRN"),  # an alarm begins the three clean sessions anew
        ("m?m", "AAD"),  # a day of unknown level neither ends a run nor lengthens it
        ("ms?ss", "AAAAN"),
        ("???", "NNN"),
    ],
)
def test_levels_lead_to_the_stages_of_the_specification(levels, expected):
    letters = {"N": "NORMAL", "A": "ALERT", "D": "DEGRADE", "R": "RETRAIN"}

    assert list(_staged(levels)["stage"]) == [letters[letter] for letter in expected]


def test_features_do_not_move_each_other():
    rows = pd.concat([_rows("mm"), _rows("ss", "turnover")], ignore_index=True).sample(frac=1.0, random_state=1)

    found = rows.assign(stage=stages(rows, CONFIG)).sort_values(["feature", "date"])["stage"]
    assert list(found) == ["NORMAL", "NORMAL", "ALERT", "DEGRADE"]


def test_drift_that_a_closed_retrain_accepted_only_alerts_until_it_has_ended():
    found = _staged("mmmmmsssmmm", closed=[DAYS[3].date()])["stage"]

    assert list(found[:3]) == ["ALERT", "DEGRADE", "RETRAIN"]
    assert list(found[3:8]) == ["ALERT", "ALERT", "ALERT", "ALERT", "NORMAL"]
    assert list(found[8:]) == ["ALERT", "DEGRADE", "RETRAIN"]


def test_a_transition_is_one_event_and_recording_it_again_adds_none():
    rows = _staged("smms")

    first = moves(rows, "A_SHARE", [])
    assert [(e.as_of, e.payload["from"], e.payload["to"]) for e in first] == [
        (DAYS[1].date(), "NORMAL", "ALERT"),
        (DAYS[2].date(), "ALERT", "DEGRADE"),
    ]
    assert [e.key for e in first] == [f"drift.moved/{DAYS[k].date()}/A_SHARE/volatility_20" for k in (1, 2)]
    assert moves(rows, "A_SHARE", first) == []


def test_day_by_day_and_at_once_the_ledger_is_the_same():
    rows = pd.concat([_staged("smmmsssaam"), _staged("aamsssmsss", feature="turnover")])
    ledger = []
    for day in DAYS[:10]:
        ledger += moves(rows[rows["date"] == day], "A_SHARE", ledger)

    assert ledger == moves(rows, "A_SHARE", [])


def test_what_was_decided_stays_when_data_are_restated_and_the_next_day_sets_it_right():
    ledger = moves(_staged("sm"), "A_SHARE", [])
    restated = _staged("sss")

    again = moves(restated, "A_SHARE", ledger)
    assert [(e.as_of, e.payload["from"], e.payload["to"]) for e in again] == [(DAYS[2].date(), "ALERT", "NORMAL")]


def test_another_strategy_is_not_touched():
    ledger = moves(_staged("mm"), "QDII", [])

    assert recorded_stages(ledger, "A_SHARE") == {}
    assert recorded_stages(ledger, "QDII") == {"volatility_20": Stage.DEGRADE}
    assert recorded_stages(ledger, "QDII", until=DAYS[0].date()) == {"volatility_20": Stage.ALERT}


def _standing(levels, *events):
    return standing([*moves(_staged(levels), "A_SHARE", []), *events], "A_SHARE", CONFIG)


def test_a_normal_or_alerted_strategy_keeps_its_exposure():
    assert [_standing(levels).exposure for levels in ("s", "m")] == [1.0, 1.0]
    assert not _standing("m").wants_freeze


def test_a_degraded_strategy_runs_at_half():
    now = _standing("mm")

    assert (now.exposure, now.wants_retrain, now.wants_freeze) == (0.5, False, False)


def test_three_alarm_sessions_ask_for_retrain_and_freeze_until_the_retrain_is_closed():
    opened, closed = _event(RETRAIN_OPENED, 3), _event(RETRAIN_CLOSED, 5)

    assert (_standing("mmm").wants_retrain, _standing("mmm").wants_freeze) == (True, True)
    assert (_standing("mmm", opened).wants_retrain, _standing("mmm", opened).wants_freeze) == (False, True)
    assert _standing("mmmsss", opened).wants_freeze
    assert not _standing("mmmsss", opened, closed).wants_freeze
    assert closures([opened, closed], "A_SHARE") == [DAYS[5].date()]
