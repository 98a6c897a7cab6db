"""Bars and quotes from network providers: which of them may answer, what an answer must be like, whose is taken.

Sending is `market.wire`, asking and reading `market.sources`. Nothing is stored here, and nothing is ever made up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from typing import Literal, TypeAlias

import pandas as pd
from pydantic import SecretStr

from etf_platform.core.catalog import collect
from etf_platform.core.config.live import LiveSource as Settings
from etf_platform.core.config.live import Provider
from etf_platform.core.errors import PlatformError
from etf_platform.core.units.source import Ask, BarAsk, Endpoint, LiveSource, QuoteAsk
from etf_platform.market.calendar import Sessions
from etf_platform.market.freshness import CLOSES, last_closed_session
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.wire.ask import Answer, ask_all
from etf_platform.market.wire.failover import Candidate, Pulled, Surroundings, pull
from etf_platform.market.wire.gates import bars_refusal, quotes_refusal
from etf_platform.market.wire.send import Host, Sender

Content: TypeAlias = Literal["bars", "quotes", "pools"]
CONTENTS: tuple[Content, ...] = ("bars", "quotes")  # which a session's bars can be made of
OPENS = {"XSHG": "09:30", "XNYS": "09:30"}


@dataclass(frozen=True)
class Served:
    """One provider, its settings, and how it is asked for one kind of content."""

    name: str
    provider: Provider
    endpoint: Endpoint


@dataclass(frozen=True)
class Wire:
    """What a pull needs: settings, memory with clock and chance, a way to wait, and tokens by provider.

    `units` are the providers' modules; None takes those of `market.sources`.
    """

    settings: Settings
    around: Surroundings
    sleep: Callable[[float], None]
    tokens: Mapping[str, SecretStr] = field(default_factory=dict)
    units: Mapping[str, LiveSource] | None = None

    @property
    def now(self) -> pd.Timestamp:
        """The moment on the wire's clock, in UTC."""
        return pd.Timestamp(self.around.clock(), unit="s", tz="UTC")

    def serving(self, exchange: str, content: Content) -> list[Served]:
        """Enabled providers of an exchange that give this content and whose token, if they need one, is known."""
        known = shipped_units() if self.units is None else self.units
        found = []
        for name in self.settings.order.get(exchange, ()):  # type: ignore[call-overload]
            unit, provider = known.get(name), self.settings.providers[name]
            if not provider.enabled or unit is None or content not in unit.provides:
                continue
            if not unit.needs_token or name in self.tokens:
                found.append(Served(name, provider, unit.endpoint(content)))
        return found

    def ask(self, served: Served, asks: Sequence[Ask], min_answered: float | None = None) -> Answer:
        """Send asks to one provider; raises SourceError when more of them fail than may (default: as configured)."""
        settings, around, provider = self.settings, self.around, served.provider
        hosts = {host: Host(base, provider.rate, provider.burst) for host, base in provider.hosts.items()}
        sender = Sender(
            source=served.name,
            hosts=hosts,
            memory=around.memory,
            timeout=settings.timeout_seconds,
            attempts=settings.attempts,
            clock=around.clock,
            sleep=self.sleep,
            draw=around.draw,
        )
        least = settings.min_answered if min_answered is None else min_answered
        return ask_all(
            served.endpoint, asks, sender, int((1.0 - least) * len(asks) + 1e-9), self.tokens.get(served.name)
        )


@cache
def shipped_units() -> dict[str, LiveSource]:
    """Every provider of `market.sources`, by name."""
    import etf_platform.market.sources

    return {unit.name: unit for unit in collect(etf_platform.market.sources, LiveSource)}


def pull_bars(
    wire: Wire, symbols: Sequence[str], sessions: Sessions, first_day: date, needed_from: date
) -> Pulled[Answer]:
    """Daily bars as traded from `first_day` to the last session that is over, of one provider.

    Where nothing older than the last session is needed, a provider of quotes may stand in once the session is over.

    Raises
    ------
    AllSourcesFailedError
        No provider gave an answer that passes the gates.
    """
    today = last_closed_session(sessions, wire.now)
    asks = [BarAsk(symbol, first_day, today.date()) for symbol in symbols]

    def refuse(answer: Answer) -> str:
        return bars_refusal(answer.frame, symbols, today, sessions.index, wire.settings.min_answered)

    serving = wire.serving(sessions.exchange, "bars")
    candidates = [_candidate(served, partial(wire.ask, served, asks), refuse) for served in serving]
    if pd.Timestamp(needed_from) >= today:
        others = [q for q in wire.serving(sessions.exchange, "quotes") if q.name not in {s.name for s in serving}]
        candidates += [_candidate(q, partial(_bars_of_quotes, wire, q, symbols, today), refuse) for q in others]
    doing = f"fetching bars of {len(symbols)} symbols ({_few(symbols)})"
    return pull(f"bars/{sessions.exchange}", doing, candidates, wire.around)


def pull_quotes(
    wire: Wire, symbols: Sequence[str], sessions: Sessions, counted: Sequence[str] | None = None
) -> Pulled[Answer]:
    """The latest quotes, of one provider.

    Parameters
    ----------
    counted : sequence of str or None
        The symbols of which enough must be answered; None counts all. The others are asked for as well: nobody knows
        whether they exist, and one wrong code must not keep the rest from being quoted.

    Raises
    ------
    AllSourcesFailedError
        No provider gave quotes of the session that are fresh enough.
    """
    session, is_open = running_session(sessions, wire.now)
    needed, least = counted or symbols, wire.settings.min_answered
    share = least * len(needed) / max(len(symbols), 1)

    def refuse(answer: Answer) -> str:
        moments = answer.frame.assign(at=answer.frame["feed_time"].dt.tz_convert(CLOSES[sessions.exchange][1]))
        return quotes_refusal(moments, needed, wire.now, session, is_open, least, wire.settings.max_age_seconds)

    serving = wire.serving(sessions.exchange, "quotes")
    candidates = [_candidate(s, partial(_quotes, wire, s, symbols, least=share), refuse) for s in serving]
    return pull(f"quotes/{sessions.exchange}", f"fetching quotes of {len(symbols)} symbols", candidates, wire.around)


def second_bars(
    wire: Wire, symbols: Sequence[str], sessions: Sessions, trading_date: pd.Timestamp, not_from: str
) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """The bars of one session from the first provider that is not `not_from` and answers for any of the symbols.

    Returns
    -------
    (DataFrame, str, tuple of str)
        Columns of `ROW_COLUMNS`; the provider's name, empty where none answered; why the others did not.
    """
    reasons, tried = [], {not_from}
    for content in CONTENTS:
        for served in wire.serving(sessions.exchange, content):
            phase = wire.around.memory.health(served.name).breaker.phase(wire.around.clock())
            if served.name in tried or phase == "open":
                continue
            tried.add(served.name)
            try:
                rows = _one_session(wire, served, content, symbols, trading_date)
            except PlatformError as error:
                reasons.append(f"{served.name}: {error.saw}")
                continue
            if (rows["date"] == trading_date).any():
                return rows, served.name, tuple(reasons)
            reasons.append(f"{served.name}: no row of {trading_date:%Y-%m-%d}")
    return pd.DataFrame(columns=list(ROW_COLUMNS)), "", tuple(reasons)


def _one_session(
    wire: Wire, served: Served, content: Content, symbols: Sequence[str], session: pd.Timestamp
) -> pd.DataFrame:
    if content == "quotes":
        return _bars_of_quotes(wire, served, symbols, session, 0.0).frame
    asks = [BarAsk(symbol, session.date(), session.date()) for symbol in symbols]
    return wire.ask(served, asks, 0.0).frame


def running_session(sessions: Sessions, now: pd.Timestamp) -> tuple[pd.Timestamp, bool]:
    """The session that quotes are of at a moment (today's from its opening on, else the last one), and whether it runs.

    The lunch break counts as closed.
    """
    close, zone = CLOSES[sessions.exchange]
    at = now.tz_convert(zone).tz_localize(None)
    today, clock = at.normalize(), f"{at:%H:%M}"
    if sessions.is_session(today) and clock >= OPENS[sessions.exchange]:
        at_lunch = sessions.exchange == "XSHG" and "11:30" <= clock < "13:00"
        return today.as_unit("ns"), clock < close and not at_lunch
    return sessions.previous(today), False


def _candidate(served: Served, fetch: Callable[[], Answer], refuse: Callable[[Answer], str]) -> Candidate[Answer]:
    return Candidate(served.name, fetch, refuse, served.provider.priority, served.provider.is_high_frequency)


def _quotes(
    wire: Wire, served: Served, symbols: Sequence[str], session: date | None = None, least: float | None = None
) -> Answer:
    size = min(served.provider.batch, served.endpoint.batch)
    batches = [tuple(symbols[at : at + size]) for at in range(0, len(symbols), size)]
    return wire.ask(served, [QuoteAsk(batch, session) for batch in batches], least)


def _bars_of_quotes(
    wire: Wire, served: Served, symbols: Sequence[str], session: pd.Timestamp, least: float | None = None
) -> Answer:
    """Bars out of the quotes after the close; `prev_close` is the exchange's reference price then."""
    answer = _quotes(wire, served, symbols, session.date(), least)
    traded = answer.frame[answer.frame["is_traded"].astype(bool) & (answer.frame["date"] == session)]
    rows = traded.assign(close=traded["last"], adj_factor=1.0)[list(ROW_COLUMNS)]
    return replace(answer, frame=rows.reset_index(drop=True))


def _few(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:3]) + (", ..." if len(symbols) > 3 else "")
