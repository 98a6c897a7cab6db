"""What follows from a finished session: breaker, fail-safe rules, retrain, rollback, promotion, in this order.

Called after the operations of a session by a sensor, by a replay, or by hand. Every act is idempotent; a session is
closed once, and never after a later one: what an old session would have demanded is not done behind the back of what
was decided since. Not here: Dagster (`operating`), deciding (`governance`), single acts (`release_watch`).
"""

import datetime as dt
import json
from collections.abc import Sequence

import pandas as pd

from etf_platform.core import tables as declared
from etf_platform.core.units.event import DRIFT_MOVED, RETRAIN_CLOSED, Event
from etf_platform.drift import machine
from etf_platform.governance import breaker, reactions
from etf_platform.governance.ledger import counted
from etf_platform.orchestration import release_watch
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.releasing import record, stored

CURSOR = "closing/"
SERIES = "rotation"  # the account whose risk is forecast
VAR_LEVELS = (0.95, 0.99)
DRIFT_RULE = "drift_machine"


def close_session(platform: Platform, session: dt.date, strategies: Sequence[str] = ()) -> list[Event]:
    """Do what a finished session demands of these strategies (default: every pool); events that are new.

    A strategy that was closed for a later session is left alone.
    """
    done: list[Event] = []
    for strategy in strategies or tuple(platform.config.pools):
        last = last_closed(platform, strategy)
        if last is None or session >= last:
            done += _close(platform, strategy, session)
            _remember(platform, strategy, session)
    return done


def last_closed(platform: Platform, strategy: str) -> dt.date | None:
    """Last session that was closed for a strategy; None before the first."""
    from etf_platform.storage import outbox

    with platform.ops.connect() as connection:
        held = outbox.read_cursor(connection, CURSOR + strategy)
    return None if held is None else dt.date.fromisoformat(held)


def measures_of(platform: Platform, strategy: str, session: dt.date) -> breaker.Measures:
    """What the breaker looks at on a session: the account's losses, its largest weight, the VaR stored for the next.

    The drawdown is that since the account began, or since a person last lowered the breaker.
    """
    from etf_platform.storage.events import events

    lowered = breaker.fold(events(platform.ops, until=session), platform.config.governance, strategy).lowered
    start = lowered or dt.date.fromisoformat(platform.config.platform.history_start)
    account = stored(platform, declared.PAPER_ACCOUNT, strategy, session, start)
    weight = platform.config.etf_pools.strategy.portfolio.weights.get(strategy, 0.0)
    largest = largest_weight(account, session)
    var = _value_at_risk(platform, strategy, session)
    return release_watch.account_measures(account, session, None if largest is None else weight * largest, *var)


def largest_weight(account: pd.DataFrame, session: dt.date) -> float | None:
    """Value of the largest position at a close over the account's value; 0 without positions, None without a row.

    `account` has date, nav, positions and marks as in table `paper/account`.
    """
    rows = account[account["date"] == pd.Timestamp(session)]
    if rows.empty:
        return None
    row = rows.iloc[-1]
    shares, marks = json.loads(row["positions"]), json.loads(row["marks"])
    values = [number * marks[symbol][0] for symbol, number in shares.items()]
    return max(values, default=0.0) / float(row["nav"])


def _close(platform: Platform, strategy: str, session: dt.date) -> list[Event]:
    return [
        *release_watch.move_breaker(platform, strategy, session, measures_of(platform, strategy, session)),
        *release_watch.apply_fail_safe(platform, strategy, session),
        *_open_retrain(platform, strategy, session),
        *release_watch.roll_back_where_due(platform, strategy, session),
        *release_watch.promote_where_possible(platform, strategy, session),
    ]


def _open_retrain(platform: Platform, strategy: str, session: dt.date) -> list[Event]:
    """Open a retrain where the drift machine asks for one, no rule has opened it, and none has answered it."""
    from etf_platform.storage.events import events

    config = platform.config.governance
    known = counted(config, events(platform.ops))
    standing = machine.standing(known, strategy, config.drift, session)
    if not standing.wants_retrain or _is_answered(known, strategy):
        return []
    named = ", ".join(name for name, stage in standing.features.items() if stage is machine.Stage.RETRAIN)
    cause = reactions.Cause(strategy, session, DRIFT_RULE, f"drift of {named} has reached RETRAIN")
    return record(platform, reactions.open_retrain(known, config, cause))


def _is_answered(known: Sequence[Event], strategy: str) -> bool:
    """Whether a retrain was closed after the last move to RETRAIN: drift may not have been judged again since."""
    about = [
        event.kind
        for event in known
        if event.subject == strategy
        and (
            event.kind == RETRAIN_CLOSED
            or (event.kind == DRIFT_MOVED and event.payload["to"] == machine.Stage.RETRAIN.name)
        )
    ]
    return bool(about) and about[-1] == RETRAIN_CLOSED


def _value_at_risk(platform: Platform, strategy: str, session: dt.date) -> list[float | None]:
    """VaR at 95 and 99 % that the governing method forecast at the close of a session; None where there is none."""
    rows = stored(platform, declared.FORECASTS, strategy, session)
    mine = rows[(rows["series"] == SERIES) & (rows["method"] == platform.config.risk.governing_method)]
    found = {float(level): float(value) for level, value in zip(mine["level"], mine["var"], strict=True)}
    return [found.get(level) for level in VAR_LEVELS]


def _remember(platform: Platform, strategy: str, session: dt.date) -> None:
    from etf_platform.storage import outbox

    with outbox.transaction(platform.ops) as connection:
        outbox.write_cursor(connection, CURSOR + strategy, session.isoformat(), dt.datetime.now(dt.UTC))
