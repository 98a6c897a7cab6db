"""Names and listing states session by session: first run, the same day again, a changed name, a delisting."""

from types import SimpleNamespace

import pandas as pd
import pytest

from etf_platform.core.tables import LISTINGS
from etf_platform.market.listings import listings

MONDAY, TUESDAY, WEDNESDAY = (pd.Timestamp(day) for day in ("2026-09-28", "2026-09-29", "2026-09-30"))
POOL = ("510050.SH", "510300.SH")
INSTRUMENTS = {"510050.SH": SimpleNamespace(name="50ETF"), "510300.SH": SimpleNamespace(name="300ETF")}


def quotes(day, *rows, source="live:tencent"):
    """Rows of symbol, name, status."""
    frame = pd.DataFrame(rows, columns=["symbol", "name", "status"])
    fetched = (day + pd.Timedelta(hours=6, minutes=50)).tz_localize("UTC")
    return frame.assign(date=day, source=source, fetched_at=fetched)


NORMAL = (("510050.SH", "50ETF", "normal"), ("510300.SH", "300ETF", "normal"))


def seen(rows, symbol):
    row = rows.set_index("symbol").loc[symbol]
    return row["name"], row["status"], bool(row["is_listed"]), row["first_seen"], row["changed_on"]


@pytest.fixture
def monday():
    return listings(POOL, quotes(MONDAY, *NORMAL), None, INSTRUMENTS)


def test_on_the_first_run_everything_is_seen_for_the_first_time(monday):
    assert monday["date"].tolist() == [MONDAY, MONDAY]
    assert monday["configured_name"].tolist() == ["50ETF", "300ETF"]
    assert seen(monday, "510300.SH") == ("300ETF", "normal", True, MONDAY, MONDAY)
    assert LISTINGS.conform(monday).num_rows == 2


def test_the_same_day_again_changes_nothing(monday):
    again = listings(POOL, quotes(MONDAY, *NORMAL), monday, INSTRUMENTS)

    pd.testing.assert_frame_equal(again, monday)


def test_a_changed_name_is_a_new_row_that_says_since_when(monday):
    renamed = quotes(TUESDAY, NORMAL[0], ("510300.SH", "沪深300ETF", "normal"))

    tuesday = listings(POOL, renamed, monday, INSTRUMENTS)
    again = listings(POOL, renamed, pd.concat([monday, tuesday]), INSTRUMENTS)
    wednesday = listings(POOL, renamed.assign(date=WEDNESDAY), pd.concat([monday, tuesday]), INSTRUMENTS)

    assert seen(tuesday, "510300.SH") == ("沪深300ETF", "normal", True, MONDAY, TUESDAY)
    assert seen(tuesday, "510050.SH") == ("50ETF", "normal", True, MONDAY, MONDAY)
    pd.testing.assert_frame_equal(again, tuesday)
    assert seen(wednesday, "510300.SH") == ("沪深300ETF", "normal", True, MONDAY, TUESDAY)


def test_a_delisted_member_is_not_listed_any_more(monday):
    tuesday = listings(POOL, quotes(TUESDAY, NORMAL[0], ("510300.SH", "300ETF", "delisted")), monday, INSTRUMENTS)

    assert seen(tuesday, "510300.SH") == ("300ETF", "delisted", False, MONDAY, TUESDAY)


def test_what_a_provider_does_not_say_stays_as_it_was_known(monday):
    """No name and no status of the one, no quote at all of the other: no change, and nothing is forgotten."""
    silent = quotes(TUESDAY, ("510050.SH", "", "unknown"), source="live:sina")

    tuesday = listings(POOL, silent, monday, INSTRUMENTS)

    assert seen(tuesday, "510050.SH") == ("50ETF", "normal", True, MONDAY, MONDAY)
    assert seen(tuesday, "510300.SH") == ("300ETF", "normal", True, MONDAY, MONDAY)
    assert tuesday["source"].tolist() == ["live:sina", "live:tencent"]
    assert tuesday["date"].tolist() == [TUESDAY, TUESDAY]


def test_blanks_and_wide_characters_are_no_change_of_name(monday):
    """Exchanges pad names to four characters."""
    tuesday = listings(POOL, quotes(TUESDAY, ("510050.SH", "50 \uff25\uff34\uff26", "normal")), monday, INSTRUMENTS)

    assert tuesday["changed_on"].tolist() == [MONDAY, MONDAY]


def test_the_quote_fetched_last_counts_and_an_unknown_member_has_no_row():
    early = quotes(MONDAY, ("510050.SH", "old", "normal")).assign(fetched_at=pd.Timestamp("2026-09-28 02:00", tz="UTC"))
    late = quotes(MONDAY, ("510050.SH", "new", "suspended"))

    rows = listings(POOL, pd.concat([late, early]), None, {})

    assert seen(rows, "510050.SH") == ("new", "suspended", True, MONDAY, MONDAY)
    assert rows[["symbol", "configured_name"]].values.tolist() == [["510050.SH", ""]]
