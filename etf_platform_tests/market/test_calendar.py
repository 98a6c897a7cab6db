"""The calendar agrees with published counts and closures, and refuses what it does not know."""

import json
from datetime import date

import pandas as pd
import pytest

from etf_platform.core.errors import CalendarEndError, NotASessionError
from etf_platform.market.calendar import holidays, sessions


def test_session_counts_agree_with_the_published_ones(shared):
    """Sessions per year; 2024 has 242, since Spring Festival eve was closed."""
    cases = json.loads(shared("golden/23_calendar_sessions.json").read_text())["cases"]
    counts = [c for c in cases if "sessions" in c["expected"] and c["inputs"]["exchange"] in ("XSHG", "XNYS")]
    assert len(counts) == 22
    for case in counts:
        year = case["inputs"]["year"]

        found = sessions(case["inputs"]["exchange"]).between(f"{year}-01-01", f"{year}-12-31")

        assert len(found) == case["expected"]["sessions"], case["id"]


def test_closed_weekdays_of_2026_are_those_of_the_exchange_notice(shared):
    cases = json.loads(shared("golden/23_calendar_sessions.json").read_text())["cases"]
    notice = next(c for c in cases if c["id"] == "XSHG_2026_weekday_closures")["expected"]["dates"]

    assert [d.isoformat() for d in holidays("XSHG", "2026-01-01", "2026-12-31")] == notice


def test_spring_festival_eve_2024_was_closed(xshg):
    assert not xshg.is_session("2024-02-09")


def test_neighbours_step_over_the_national_holiday(xshg):
    assert xshg.next("2026-09-30") == pd.Timestamp("2026-10-08")
    assert xshg.previous("2026-10-08") == pd.Timestamp("2026-09-30")
    assert xshg.previous("2026-10-04") == pd.Timestamp("2026-09-30")


def test_sessions_are_naive_midnights_in_nanoseconds(xshg):
    found = xshg.between("2026-09-28", "2026-10-09")

    assert found.dtype == "datetime64[ns]"
    assert [d.date() for d in found] == [date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 8),
                                         date(2026, 10, 9)]  # fmt: skip


def test_a_holiday_is_no_session_and_says_so(xshg):
    with pytest.raises(NotASessionError, match=r"2026-10-01 .* is no session of XSHG"):
        xshg.check("2026-10-01")


@pytest.mark.parametrize("ask", ["is_session", "check", "is_month_end"])
def test_beyond_the_end_is_refused_with_the_remedy(xshg, ask):
    with pytest.raises(CalendarEndError, match="upgrade exchange_calendars"):
        getattr(xshg, ask)(xshg.known_until + pd.Timedelta(days=5))


def test_the_session_after_the_last_known_one_is_refused(xshg):
    with pytest.raises(CalendarEndError, match=r"extra_holidays in platform\.yaml"):
        xshg.next(xshg.last_known)


def test_before_the_first_session_there_is_none(xshg):
    with pytest.raises(NotASessionError):
        xshg.previous(xshg.index[0])


def test_fewer_than_thirty_sessions_before_the_end_there_is_a_warning(xshg):
    thirtieth = xshg.index[-31]
    assert xshg.end_warning(thirtieth, 30) is None

    later = xshg.index[-30]

    assert xshg.sessions_left(later) == 29
    assert "29 session(s) left" in (xshg.end_warning(later, 30) or "")


def test_further_closures_remove_sessions_and_extend_the_calendar(xshg):
    year = xshg.known_until.year + 1
    first = pd.bdate_range(f"{year}-01-01", periods=3)

    longer = sessions("XSHG", ("2026-12-30", str(first[0].date()), str(first[2].date())))

    assert not longer.is_session("2026-12-30")
    assert longer.last_known == first[1]
    with pytest.raises(CalendarEndError):
        longer.check(first[2] + pd.Timedelta(days=4))


def test_month_ends_are_known_on_the_day(xshg):
    ends = [d for d in xshg.between("2026-01-01", "2026-12-31") if xshg.is_month_end(d)]

    assert [d.strftime("%m-%d") for d in ends] == ["01-30", "02-27", "03-31", "04-30", "05-29", "06-30", "07-31",
                                                   "08-31", "09-30", "10-30", "11-30", "12-31"]  # fmt: skip


def test_a_month_whose_rest_is_unknown_has_no_known_end():
    cut = sessions("XSHG")
    short = type(cut)(cut.exchange, cut.index[cut.index <= "2026-11-20"], pd.Timestamp("2026-11-20"))

    with pytest.raises(CalendarEndError):
        short.is_month_end("2026-11-20")
