"""The one transaction of a scan: board, quotes, episodes, signals, what a broken board invalidates, letters, the scan.

Either all of it is stored or nothing, and only while the scanner still holds its lease. Not here: what is stored means.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from etf_platform.alerts.events import Event
from etf_platform.alerts.post import Desk, post
from etf_platform.alerts.wording import LimitUp, limit_up_opened, limit_up_signal
from etf_platform.arbitrage.episodes import Episode
from etf_platform.orchestration.tracking.judge import Judgement
from etf_platform.orchestration.tracking.look import Sighting
from etf_platform.storage import tracker
from etf_platform.storage.tracker import Row

if TYPE_CHECKING:
    import sqlalchemy as sa

BOARD = (
    "name", "price", "change", "prev_close", "limit_up", "basis", "at_limit", "sealed", "touched", "opened", "one_word",
    "boards_in_row", "volume", "amount", "turnover", "seal_amount", "first_seal", "last_seal", "times_opened",
    "float_cap", "industry", "no_signal", "source", "fetched_at",
)  # fmt: skip
QUOTE = (
    "name", "prev_close", "open", "high", "low", "volume", "amount", "turnover", "limit_up", "premium", "iopv", "kind",
    "status", "feed_time", "source", "nav",
)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """What the transaction did: rows of new signals, of invalidated ones, of risen ones, letters put into the outbox.

    A signal is risen when it was told for observation and can be acted on now.
    """

    signals: tuple[Row, ...] = ()
    invalidated: tuple[Row, ...] = ()
    risen: tuple[Row, ...] = ()
    letters: int = 0


def keep(
    connection: "sa.Connection",
    sighting: Sighting,
    judgement: Judgement,
    quiet: frozenset[str],
    silence: pd.Series,
    desk: Desk,
    now: dt.datetime,
    day: dt.date,
) -> Kept:
    """Store a look in the caller's transaction.

    Parameters
    ----------
    quiet : frozenset of str
        Stocks whose signals are stored but not told.
    silence : Series
        Aligned with the states: why a stock at its limit has no signal (`silence.why_silent`).
    desk : Desk
        Where letters go.
    """
    tracker.replace_board(connection, day, now, board_rows(judgement.states.assign(no_signal=silence)))
    tracker.put_quotes(connection, now, quote_rows([sighting.stocks, sighting.funds]))
    changed = (*judgement.episodes.begun, *judgement.episodes.ended)
    tracker.put_episodes(connection, [asdict(episode) for episode in changed])
    broken, told_of_broken = _invalidate(connection, judgement, quiet, desk, now, day)
    added = tracker.add_signals(connection, [_signal_row(signal) for signal in judgement.found.signals], now)
    risen = tracker.restate_signals(connection, [_signal_row(signal) for signal in judgement.found.risen], now)
    loud = [row for row in (*added, *risen) if row["stock"] not in quiet]
    letters = {row["signal_id"]: _tell(connection, row, desk, now) for row in loud}
    told = [name for name, number in letters.items() if number]
    tracker.move_signals(connection, told, "notified", now)
    return Kept(tuple(added), tuple(broken), tuple(risen), told_of_broken + sum(letters.values()))


def board_rows(states: pd.DataFrame) -> list[Row]:
    """Rows of the board: stocks at their limit, and those that were there today."""
    flags = [states[name].astype("boolean").fillna(False).to_numpy(dtype=bool) for name in ("at_limit", "touched")]
    return _records(states[flags[0] | flags[1]], BOARD)


def quote_rows(frames: Sequence[pd.DataFrame]) -> Iterable[Row]:
    """Rows of the last quotes."""
    for frame in (frame for frame in frames if len(frame)):
        price = frame["last"]
        change = price / frame["prev_close"].where(frame["prev_close"] > 0) - 1.0
        yield from _records(frame.assign(price=price, change=change), ("price", "change", *QUOTE))


def event_of(row: Mapping[str, Any], now: dt.datetime) -> Event:
    """The push text of a stored signal."""
    said = LimitUp(
        signal_id=row["signal_id"],
        at=dt.datetime.fromisoformat(row["at"]),
        stock_code=row["stock"],
        stock_name=row["stock_name"],
        stock_price=row["stock_price"],
        seal_amount=row["seal_amount"],
        etf_code=row["etf"],
        etf_name=row["etf_name"],
        etf_price=row["etf_price"],
        weight=row["etf_weight"],
        premium=row["etf_premium"],
        confidence=row["confidence"],
        risk=row["risk_level"],
        reason=row["reason"],
        is_actionable=row["actionable"],
        is_risen=bool(row.get("history")),
    )
    return limit_up_signal(said, now)


def _records(frame: pd.DataFrame, names: Sequence[str]) -> list[Row]:
    kept = frame[["symbol", *names]]
    columns = [kept[name].astype(object).where(kept[name].notna(), None).tolist() for name in kept.columns]
    return [dict(zip(kept.columns, values, strict=True)) for values in zip(*columns, strict=True)]


def _signal_row(signal: Any) -> Row:
    return {name: getattr(signal, name) for name in ("trade_date", "stock", "etf", "episode", "fields")}


def _tell(connection: "sa.Connection", row: Row, desk: Desk, now: dt.datetime) -> int:
    return post(connection, [event_of(row, now)], desk, now)


def _invalidate(
    connection: "sa.Connection",
    judgement: Judgement,
    quiet: frozenset[str],
    desk: Desk,
    now: dt.datetime,
    day: dt.date,
) -> tuple[list[Row], int]:
    """End the signals of the episodes that ended; a stock whose signals were told gets one letter more."""
    ended = {(episode.stock, episode.episode): episode for episode in judgement.episodes.ended}
    standing = [s for s in tracker.standing_signals(connection, day) if (s["stock"], s["episode"]) in ended]
    moved = set(tracker.move_signals(connection, [row["signal_id"] for row in standing], "invalidated", now))
    broken = [row for row in standing if row["signal_id"] in moved]
    prices = dict(zip(judgement.states["symbol"], judgement.states["price"], strict=True)) if ended else {}
    letters = 0
    for key, episode in ended.items():
        told = [row for row in broken if (row["stock"], row["episode"]) == key and row["state"] == "notified"]
        if told and episode.stock not in quiet:
            letters += post(connection, [_opened_event(told, episode, prices.get(episode.stock), now)], desk, now)
    return broken, letters


def _opened_event(rows: Sequence[Row], episode: Episode, price: float | None, now: dt.datetime) -> Event:
    funds = tuple((row["etf"], row["etf_name"]) for row in rows)
    key = f"{episode.trade_date.isoformat()}:{episode.stock}:{episode.episode}"
    return limit_up_opened(key, episode.stock, rows[0]["stock_name"], price, funds, now)
