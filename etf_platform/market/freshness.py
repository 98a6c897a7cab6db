"""Which sessions are over, and whether a symbol's bars reach the last of them.

The rule on dates is `core.freshness`; here stand the closing times of the exchanges and the rows. A session counts as
over at the regular close; a shortened one is thus held back until then, never taken too early.
"""

import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.freshness import Freshness, judge_closes
from etf_platform.market.calendar import DateLike, Sessions

CLOSES = {
    "XSHG": ("15:00", "Asia/Shanghai"),
    "XNYS": ("16:00", "America/New_York"),
    "XHKG": ("16:10", "Asia/Hong_Kong"),
    "24/7": ("24:00", "UTC"),
}


def last_closed_session(sessions: Sessions, as_of: DateLike) -> pd.Timestamp:
    """The last session that is over at a moment.

    Parameters
    ----------
    sessions : Sessions
    as_of : date-like
        A moment with a time zone; a bare date (or a moment without one) is the exchange's own, and a bare date means
        the end of that day.

    Raises
    ------
    CalendarEndError, NotASessionError
        As `Sessions.previous`.
    """
    close, zone = CLOSES[sessions.exchange]
    at = pd.Timestamp(as_of)
    if at.tzinfo is not None:
        at = at.tz_convert(zone).tz_localize(None)
    elif at == at.normalize():
        at = at + pd.Timedelta(hours=24) - pd.Timedelta(seconds=1)
    today = at.normalize()
    is_over = at >= today + pd.Timedelta(f"{close}:00")
    return sessions.previous(today + pd.Timedelta(days=1) if is_over else today)


def closed_bars(bars: pd.DataFrame, sessions: Sessions, as_of: DateLike) -> pd.DataFrame:
    """BARS rows without those of a session that is still open at `as_of` (see `last_closed_session`)."""
    return bars[bars["date"] <= last_closed_session(sessions, as_of)].reset_index(drop=True)


def quality_state(bars_of_symbol: pd.DataFrame, sessions: Sessions, as_of: DateLike) -> Freshness:
    """The state of one symbol's bars at a moment: see `core.freshness.judge_closes`.

    Parameters
    ----------
    bars_of_symbol : DataFrame
        BARS rows of one symbol (columns `date`, `close`); a close that is NaN is none.
    sessions : Sessions
    as_of : date-like
        See `last_closed_session`.

    Raises
    ------
    BadInputError
        There are rows of several symbols, or a date stands twice.
    """
    symbols = bars_of_symbol["symbol"].unique() if "symbol" in bars_of_symbol else ()
    if len(symbols) > 1 or bars_of_symbol["date"].duplicated().any():
        saw = f"symbols {', '.join(symbols)}" if len(symbols) > 1 else "a date stands twice"
        raise BadInputError("judging how fresh bars are", saw, "pass the bars of one symbol, one row per session")
    dates = pd.DatetimeIndex(bars_of_symbol.loc[bars_of_symbol["close"].notna(), "date"])
    return judge_closes(dates, sessions.index, last_closed_session(sessions, as_of))
