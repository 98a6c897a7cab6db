"""Deadlines by the clock of the exchange, sources, signal reports, calendars, the disk: told once, and when it ends."""

import datetime as dt
import shutil
from collections import namedtuple
from zoneinfo import ZoneInfo

import pytest

from etf_platform.orchestration.alerting.lateness import WATCH as LATENESS
from etf_platform.orchestration.alerting.lateness import deadline, duties
from etf_platform.orchestration.alerting.limits import WATCH as LIMITS
from etf_platform.orchestration.alerting.limits import rung
from etf_platform.orchestration.alerting.signals import WATCH as SIGNALS
from etf_platform.orchestration.alerting.sources import WATCH as SOURCES
from etf_platform.storage import source_states

FRIDAY, MONDAY, TUESDAY = "2024-03-01", "2024-03-04", "2024-03-05"
GIB = 1024**3


def shanghai(day, hour, minute=0):
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour, minute), ZoneInfo("Asia/Shanghai"))


def new_york(day, hour, minute=0):
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour, minute), ZoneInfo("America/New_York"))


@pytest.fixture
def daily(post):
    """Makes everything that `daily` owes of a session of the pool A_SHARE."""
    (keys,) = (duty.keys for duty in duties(post.platform) if duty.name == "daily/A_SHARE")

    def make(day, leave_out=()):
        for key in keys:
            if key.to_user_string() not in leave_out:
                post.make(key.to_user_string(), partition=day)

    return make


# --- deadlines


def test_a_job_that_never_made_anything_is_not_waited_for(post):
    assert post.tick(LATENESS, shanghai(MONDAY, 23)).events == 0


def test_a_session_is_late_90_minutes_after_the_schedule_and_not_a_minute_before(post, daily):
    """`daily` starts at 18:00 in Shanghai."""
    daily(FRIDAY)
    before = post.tick(LATENESS, shanghai(MONDAY, 19, 29)).events
    after = [post.tick(LATENESS, shanghai(MONDAY, 19, minute)).events for minute in (30, 40)]

    assert (before, after) == (0, [1, 0])
    assert post.told == [("partition_late", "Late: daily of A_SHARE for 2024-03-04")]


def test_what_is_missing_is_named(post, daily):
    daily(FRIDAY)
    daily(MONDAY, leave_out=["kpi/A_SHARE/snapshot"])
    post.tick(LATENESS, shanghai(MONDAY, 20))

    (letter,) = post.letters
    assert letter["event"]["blocks"][0]["lines"] == ["kpi/A_SHARE/snapshot"]


def test_a_session_that_comes_after_all_is_told_once(post, daily):
    daily(FRIDAY)
    post.tick(LATENESS, shanghai(MONDAY, 20))
    daily(MONDAY)
    for minute in (10, 20):
        post.tick(LATENESS, shanghai(MONDAY, 20, minute))

    assert [kind for kind, _ in post.told] == ["partition_late", "recovered"]


def test_a_late_session_is_missing_when_the_next_one_is_due(post, daily):
    daily(FRIDAY)
    post.tick(LATENESS, shanghai(MONDAY, 20))
    daily(TUESDAY)
    for hour in (20, 21):
        post.tick(LATENESS, shanghai(TUESDAY, hour))

    assert [kind for kind, _ in post.told] == ["partition_late", "partition_missing"]
    assert post.letters[1]["severity"] == "error"


def test_days_off_are_not_waited_for(post, daily):
    daily(FRIDAY)

    assert post.tick(LATENESS, shanghai("2024-03-03", 23)).events == 0


def test_a_session_that_was_in_time_is_not_told(post, daily):
    daily(FRIDAY)
    daily(MONDAY)

    assert post.tick(LATENESS, shanghai(MONDAY, 20)).events == 0


def test_a_universe_follows_the_clock_of_its_own_exchange(post):
    """New York's schedule is 17:30 there; its Monday evening is Tuesday morning in Shanghai."""
    (keys,) = (duty.keys for duty in duties(post.platform) if duty.name == "trend_US/US")
    for key in keys:
        post.make(key.to_user_string(), partition=FRIDAY)

    assert post.tick(LATENESS, new_york(MONDAY, 18, 59)).events == 0
    assert post.tick(LATENESS, new_york(MONDAY, 19, 0)).events == 1


def test_a_deadline_is_a_moment_of_the_schedules_zone(post):
    at = post.platform.config.universes.universes["US"].schedule

    summer = deadline(dt.date(2024, 7, 1), at, dt.timedelta(minutes=90))
    assert summer.astimezone(dt.UTC) == dt.datetime(2024, 7, 1, 23, 0, tzinfo=dt.UTC)


# --- sources


def test_switched_exhausted_and_recovered_sources_are_told_once_each(post):
    now = dt.datetime.now(dt.UTC)
    for kind, source in (("switched", "sina"), ("exhausted", ""), ("recovered", "tencent")):
        row = {"recorded_at": now, "topic": "bars/XSHG", "kind": kind, "source": source, "before": "tencent"}
        note = {**row, "detail": "tencent: timed out"}
        source_states.use_source(post.platform.ops, "bars/XSHG", source, lambda known, note=note: note)
    for again in (post, post.restarted()):
        again.tick(SOURCES)

    assert post.told == [
        ("source_switched", "Source switched: bars/XSHG from sina"),
        ("sources_exhausted", "No source left: bars/XSHG"),
        ("recovered", "Recovered: bars/XSHG from tencent"),
    ]


def test_restated_history_is_told_once(post):
    row = {
        "universe": "A_SHARE",
        "start": dt.date(2024, 2, 1),
        "end": dt.date(2024, 3, 1),
        "rows": 20,
        "changes": {"510300.SH": {}},
        "digest": "abc",
        "run_id": "r1",
    }
    source_states.record_restatement(post.platform.ops, row)
    for _ in range(2):
        post.tick(SOURCES)

    assert post.told == [("history_restated", "History restated: A_SHARE from 2024-02-01")]


# --- signal reports

REPORT = "====\n【QQQ 纳指机构级(v3) 信号 - 2024-03-01】\n  收盘价: 445.61\n===="


def test_a_signal_report_is_told_once_with_the_text_as_it_stands(post):
    """Of the strategies that alerts.yaml lists; EMA_cross_v1 is not among them."""
    for _ in range(2):
        post.make("reports/US/signal", "2024-03-01", session="2999-01-01", **{"EMA_trend_v3:QQQ.US": REPORT})
    post.make("reports/US/signal", "2024-03-01", session="2999-01-01", **{"EMA_cross_v1:QQQ.US": REPORT})
    post.tick(SIGNALS)

    (letter,) = post.letters
    assert letter["subject"] == "QQQ 信号 - 2999-01-01"
    assert letter["event"]["blocks"][0]["lines"] == REPORT.splitlines()
    assert (letter["event"]["asset"], letter["event"]["about"]) == ("reports/US/signal", "QQQ.US")


def test_the_report_of_a_past_session_is_history_and_not_told(post):
    post.make("reports/US/signal", FRIDAY, session=FRIDAY, **{"EMA_trend_v3:QQQ.US": REPORT})

    assert post.tick(SIGNALS).events == 0


def test_the_market_report_is_told_once_per_session_and_its_closing_stays_apart(post):
    blocks = [["✅ 看多 (可以适度配置)", ["黄金、纳斯达克"]], ["📊 标的汇总", [["黄金", "看多✅ 61.1 (4/4)"]]]]
    message = {"subject": "市场洞察报告 2999-01-01: 27/29个资产", "blocks": blocks, "closing": "免责声明: ..."}
    for session in ("2999-01-01", "2999-01-01", FRIDAY):
        post.make("reports/ASSETS/market", session, session=session, message=message)
    post.tick(SIGNALS)

    (letter,) = post.letters
    assert (letter["kind"], letter["subject"]) == ("report", message["subject"])
    assert [block["lines"] for block in letter["event"]["blocks"]] == [lines for _, lines in blocks]
    assert letter["event"]["closing"] == "免责声明: ..."


def test_the_scoring_is_waited_for_from_its_own_hour_on(post):
    """16:45, an hour and a quarter before the pools."""
    starts = {duty.name: (duty.at.hour, duty.at.minute) for duty in duties(post.platform)}

    assert starts["scoring/ASSETS"] == (16, 45)
    assert starts["daily/A_SHARE"] == (18, 0)


# --- what runs out


@pytest.mark.parametrize(("left", "step"), [(30, 30), (29, 30), (21, 30), (20, 20), (11, 20), (10, 10), (1, 1), (0, 0)])
def test_the_ladder_towards_the_end_of_a_calendar(left, step):
    assert rung(left, 30) == step


def test_the_end_of_the_calendar_is_told_at_every_step_of_the_ladder_once(post):
    """XSHG is known to 2026-12-31: 29 sessions are left after 2026-11-20, 20 after 2026-12-03, 19 the day after."""
    for day in ("2026-10-30", "2026-11-20", "2026-11-23", "2026-12-03", "2026-12-04"):
        post.tick(LIMITS, shanghai(day, 12))

    about_shanghai = [subject for kind, subject in post.told if kind == "calendar_end"]
    assert about_shanghai == ["The calendar of XSHG ends on 2026-12-31"] * 2


def test_a_disk_that_is_nearly_full_is_told_once_and_when_there_is_room_again(post, monkeypatch):
    usage = namedtuple("usage", "total used free")
    for free in (10, 4.9, 4.0, 5.5, 6.5, 10):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage(100 * GIB, 0, free * GIB))
        post.tick(LIMITS, shanghai("2024-03-01", 12))

    assert post.told == [
        ("disk_low", "The disk is nearly full"),
        ("recovered", "Recovered: the disk has room again"),
    ]
