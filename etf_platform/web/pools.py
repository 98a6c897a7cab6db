"""A pool's back-test and fuses as the front page shows them. Not here: how any figure is made."""

import datetime as dt
import math

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.core.schema import Table
from etf_platform.core.states import State, worst
from etf_platform.storage.ledger import latest_verdicts
from etf_platform.web.picking import Row
from etf_platform.web.services import Services

PORTFOLIO = "portfolio"
FIGURES = (
    "annual_return",
    "annual_volatility",
    "max_drawdown",
    "sharpe",
    "total_return",
    "monthly_win_rate",
    "annual_turnover",
)


def universes(services: Services) -> list[str]:
    """Everything that fuses judge: pools, the portfolio, other universes, the tracker's two."""
    arbitrage = services.config.arbitrage
    others = list(services.config.universes.universes)
    return list(dict.fromkeys([*services.config.pools, PORTFOLIO, *others, arbitrage.stocks, arbitrage.funds]))


def at_a_glance(services: Services, pool: str) -> Row:
    """One pool: members, last session of its account, worst fuse, main figures; unknown ones are None."""
    verdicts = latest_verdicts(services.ops, pool)
    state = worst(State(row["state"]) for row in verdicts) if verdicts else State.BLOCKED
    said = [f"{row['fuse']}: {row['reason']}" for row in verdicts if row["state"] == state]
    known = {row["metric"]: row["value"] for row in metrics(services, pool)}
    last = _read(services, t.EQUITY, pool, ["date"])
    listed = services.config.etf_pools.pools.members.get(pool)
    return {
        "pool": pool,
        "name": listed.name if listed else pool,
        "members": len(services.config.pools.get(pool, ())),
        "last_session": last["date"].max().date() if len(last) else None,
        "state": str(state),
        "reason": said[0] if said and state is not State.PASS else "" if verdicts else "no fuse has judged it yet",
        "metrics": {name: known.get(name) for name in FIGURES},
    }


def metrics(services: Services, pool: str) -> list[Row]:
    """Figures of a pool's back-test; none before the first."""
    rows = _read(services, t.METRICS, pool, ["metric", "value", "unit"]).to_dict("records")
    return [{"metric": row["metric"], "value": _number(row["value"]), "unit": row["unit"]} for row in rows]


def account(services: Services, pool: str, start: dt.date | None = None, end: dt.date | None = None) -> list[Row]:
    """Value and drawdown by session, in a range of days; the drawdown looks back to the very start."""
    frame = _read(services, t.EQUITY, pool, ["date", "portfolio_value"])
    value = frame["portfolio_value"].astype("float64")
    frame = frame.assign(drawdown=value / value.cummax() - 1.0)
    days = frame["date"]
    inside = pd.Series(True, index=frame.index)
    if start is not None:
        inside &= days >= pd.Timestamp(start)
    if end is not None:
        inside &= days <= pd.Timestamp(end)
    shown = frame[inside]
    return [
        {"date": day.date(), "value": held, "drawdown": down}
        for day, held, down in zip(shown["date"], shown["portfolio_value"], shown["drawdown"], strict=True)
    ]


def _read(services: Services, table: Table, universe: str, columns: list[str]) -> pd.DataFrame:
    try:
        return services.lake.read(table, universe, columns=columns)
    except MissingTableError:
        return pd.DataFrame({name: [] for name in columns})


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
