"""Why an answer may not be stored: completeness, trading date and age. Pure functions on frames; words come out."""

from collections.abc import Collection, Sequence

import pandas as pd

ENDED_AFTER_SESSIONS = 20
SHOWN = 5


def incomplete(asked: Sequence[str], answered: Collection[str], least: float) -> str:
    """Refusal of an answer for less than the share `least` of the asked symbols; empty when it is enough."""
    absent = [symbol for symbol in asked if symbol not in answered]
    if not asked or len(absent) <= (1.0 - least) * len(asked) + 1e-9:
        return ""
    return f"{len(asked) - len(absent)} of {len(asked)} symbols answered, without {_few(absent)}"


def bars_refusal(
    rows: pd.DataFrame, asked: Sequence[str], trading_date: pd.Timestamp, sessions: pd.DatetimeIndex, least: float
) -> str:
    """Why bars may not be stored.

    Parameters
    ----------
    rows : DataFrame
        Columns `date`, `symbol`; everything that the source gave for these symbols up to today.
    asked : sequence of str
    trading_date : Timestamp
        Last session that is over.
    sessions : DatetimeIndex
        The exchange's.
    least : float
        Smallest share of symbols that must be answered and reach the trading date. A series that ended more than 20
        sessions earlier counts as a fund that is no longer traded, not as a late one.

    Returns
    -------
    str
        Empty when the bars may be stored.
    """
    if refusal := incomplete(asked, set(rows["symbol"]), least):
        return refusal
    newest = rows.groupby("symbol")["date"].max()
    last = newest.max() if len(newest) else None
    if last is None or last < trading_date:
        return f"the newest bar is of {_day(last)}, the last session was {_day(trading_date)}"
    place = max(0, int(sessions.searchsorted(trading_date)) - ENDED_AFTER_SESSIONS)
    late = newest[(newest < trading_date) & (newest >= sessions[place])]
    if len(late) > (1.0 - least) * len(asked) + 1e-9:
        return f"{len(late)} of {len(asked)} symbols end before {_day(trading_date)}: {_few(list(late.index))}"
    return ""


def quotes_refusal(
    quotes: pd.DataFrame,
    asked: Sequence[str],
    now: pd.Timestamp,
    trading_date: pd.Timestamp,
    is_open: bool,
    least: float,
    max_age: float,
) -> str:
    """Why quotes may not be stored.

    Parameters
    ----------
    quotes : DataFrame
        Columns `symbol` and `at` (feed time, with zone).
    now : Timestamp
        With zone.
    trading_date : Timestamp
        The session that quotes must be of: today's once it has opened, else the one before.
    is_open : bool
        Whether the exchange trades now: only then the age counts, by the newest feed time.
    max_age : float
        Seconds.
    """
    if refusal := incomplete(asked, set(quotes["symbol"]), least):
        return refusal
    newest = quotes["at"].max()
    dates = quotes["at"].dt.tz_localize(None).dt.normalize()
    if dates.max() < trading_date:
        return f"the newest quote is of {_day(dates.max())}, the session is {_day(trading_date)}"
    late = quotes.loc[dates < trading_date, "symbol"]
    if len(late) > 0.5 * len(asked):
        return f"{len(late)} of {len(asked)} quotes are older than {_day(trading_date)}: {_few(list(late))}"
    age = (now - newest).total_seconds()
    if is_open and age > max_age:
        return f"the newest quote is {age:.0f} s old, at most {max_age:g} s are allowed"
    if age < -max_age:
        return f"the newest quote lies {-age:.0f} s in the future"
    return ""


def _few(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:SHOWN]) + (f" and {len(symbols) - SHOWN} more" if len(symbols) > SHOWN else "")


def _day(at: pd.Timestamp | None) -> str:
    return "no day" if at is None or pd.isna(at) else f"{at:%Y-%m-%d}"
