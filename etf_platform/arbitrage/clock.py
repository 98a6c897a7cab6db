"""The exchange's clock within one session: trading seconds gone and left. Not here: which days are sessions."""

import datetime as dt
from zoneinfo import ZoneInfo

from etf_platform.core.config.arbitrage import TradingHours

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(now: dt.datetime) -> dt.datetime:
    """The moment on the exchange's clock; a time without zone is taken to be on it already."""
    return now.astimezone(SHANGHAI) if now.tzinfo else now.replace(tzinfo=SHANGHAI)


def is_open(now: dt.datetime, hours: TradingHours) -> bool:
    """Whether the moment lies in one of the two halves of a session; the start belongs to it, the end does not."""
    second = _second(local(now).time())
    return any(start <= second < end for start, end in _halves(hours))


def seconds_to_close(now_local: dt.datetime, hours: TradingHours, until: str | None = None) -> int:
    """Trading seconds to the end of the session: the lunch break does not count.

    Parameters
    ----------
    now_local : datetime
        On the exchange's clock, or with a zone.
    hours : TradingHours
        The two halves of the session.
    until : str or None
        HH:MM at which continuous trading of the fund ends, if that is before the close (14:57).

    Returns
    -------
    int
        The whole session before it opens, 0 after it; never negative.
    """
    return sum(end - start for start, end in _halves(hours, until)) - seconds_traded(now_local, hours, until)


def seconds_traded(now_local: dt.datetime, hours: TradingHours, until: str | None = None) -> int:
    """Trading seconds since the session opened, as in `seconds_to_close`; 0 before it."""
    second = _second(local(now_local).time())
    return sum(min(max(second - start, 0), end - start) for start, end in _halves(hours, until))


def _halves(hours: TradingHours, until: str | None = None) -> tuple[tuple[int, int], ...]:
    last = _second(dt.time.fromisoformat(until)) if until else 86_400
    pairs = ((_clock(start), _clock(end)) for start, end in (hours.morning, hours.afternoon))
    return tuple((min(start, last), min(end, last)) for start, end in pairs)


def _clock(text: str) -> int:
    return _second(dt.time.fromisoformat(text))


def _second(time: dt.time) -> int:
    return time.hour * 3600 + time.minute * 60 + time.second
