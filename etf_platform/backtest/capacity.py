"""Whether the account's last portfolio could carry the pool's capital: weight, sector, broad-base and ADV limits.

Real positions and the pool's own limits only; a missing input is BLOCKED. Nothing here changes a portfolio.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.backtest.matrices import dense, filled_forward, sources_of
from etf_platform.core.config.models import PoolsConfig
from etf_platform.core.states import State, worst

SCHEMA_VERSION = 1
BROAD = "宽基"
SLACK = 1e-9  # of a limit: binary fractions of weights


@dataclass(frozen=True)
class Limits:
    """Capital in CNY, the limits as fractions (`broad_base`: funds), the ADV window in sessions.

    `outside_portfolio`: the pool has no capital of its own and is judged at the back-test's initial capital.
    """

    target_capital: float
    outside_portfolio: bool
    single: float
    sector: float
    adv_share: float
    broad_base: int
    adv_window: int


@dataclass(frozen=True)
class Facts:
    """Sector and category of every symbol, from `instruments.yaml` and `etf_categories`."""

    sectors: Mapping[str, str]
    categories: Mapping[str, str]


def limits_of(config: PoolsConfig, pool: str) -> Limits:
    """The configured limits of a pool; what it does not set comes from `capacity_defaults`."""
    own, default = config.capital_constraints[pool], config.capacity_defaults
    outside = own.target_capital == 0.0
    return Limits(
        target_capital=config.costs.initial_capital if outside else own.target_capital,
        outside_portfolio=outside,
        single=default.max_single_weight if own.max_single_weight is None else own.max_single_weight,
        sector=own.max_sector_weight,
        adv_share=default.max_adv_pct if own.max_adv_pct is None else own.max_adv_pct,
        broad_base=default.max_broad_base,
        adv_window=default.adv_window,
    )


def capacity_rows(rebalances: pd.DataFrame, bars: pd.DataFrame, limits: Limits, facts: Facts) -> pd.DataFrame:
    """Rows of `CAPACITY`: the positions of the last rebalance against every limit.

    Parameters
    ----------
    rebalances : DataFrame
        Rows of `REBALANCES`; empty is BLOCKED.
    bars : DataFrame
        Rows of `BARS` of the pool.
    limits, facts : Limits, Facts

    Returns
    -------
    DataFrame
        Weights are shares * close over the value at the close of the fill session; ADV is `average_daily_amount` as of
        the decision date. A fund without close or ADV is BLOCKED.
    """
    source = sources_of(bars)
    if rebalances.empty:
        return _frame([_row("single_position", "positions", nan, limits.single, None, "there is no rebalance")], source)
    last = rebalances.sort_values("decision_date").iloc[-1]
    return _frame(_judged(last, _Traded.of(bars), limits, facts), source)


def capacity_history(rebalances: pd.DataFrame, bars: pd.DataFrame, limits: Limits, facts: Facts) -> pd.DataFrame:
    """The positions of every rebalance against every limit, as `capacity_rows` judges the last one.

    Returns
    -------
    DataFrame
        Rows of `CAPACITY` with `date`, the session of the rebalance's fills; by date, then as in `capacity_rows`.
    """
    traded, source = _Traded.of(bars), sources_of(bars)
    rows = [
        {**row, "date": rebalances["date"].iloc[i]}
        for i in range(len(rebalances))
        for row in _judged(rebalances.iloc[i], traded, limits, facts)
    ]
    return _frame(rows, source).sort_values("date", kind="stable", ignore_index=True)


def average_daily_amount(bars: pd.DataFrame, as_of: pd.Timestamp, window: int) -> dict[str, float]:
    """Mean turnover in CNY of the last `window` sessions up to and including `as_of`, by symbol.

    Sessions before a fund's first bar do not count; later ones without a bar count as 0. A fund without any bar in the
    window is absent.
    """
    return _Traded.of(bars).adv(as_of, window)


def adv_share(target_capital: float, weight: float, adv: float) -> float:
    """Share of a day's turnover that the position is: target_capital * weight / ADV, a fraction."""
    return target_capital * weight / adv


def capacity_report(
    rows: pd.DataFrame, pool: str, limits: Limits, generated_at: str, original_compatible: bool = False
) -> dict[str, Any] | list[dict[str, Any]]:
    """`capacity_constraints_report.json`; in the original's layout only the list of violations."""
    violations = [_violation(row) for row in rows[rows["status"] != State.PASS.value].to_dict("records")]
    if original_compatible:
        return violations
    as_of = rows["as_of"].dropna()
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": generated_at,
        "pool": pool,
        "as_of": f"{as_of.max():%Y-%m-%d}" if len(as_of) else None,
        "target_capital": limits.target_capital,
        "outside_portfolio": limits.outside_portfolio,
        "status": capacity_state(rows).value,
        "violations": violations,
    }


def capacity_state(rows: pd.DataFrame) -> State:
    """The worst status of the rows; BLOCKED when there are none."""
    return worst(State(status) for status in rows["status"]) if len(rows) else State.BLOCKED


@dataclass(frozen=True)
class _Traded:
    """Last known close and turnover (0 without a bar), session x symbol, and the session of each fund's first bar."""

    sessions: pd.DatetimeIndex
    symbols: pd.Index
    close: np.ndarray
    amount: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, bars: pd.DataFrame) -> "_Traded":
        sessions = pd.DatetimeIndex(bars["date"].unique()).sort_values()
        symbols = pd.Index(sorted(bars["symbol"].unique()))
        close, amount, bar = dense(bars.assign(bar=1.0), ["close", "amount", "bar"], sessions, symbols)
        first = (np.cumsum(np.isfinite(bar), axis=0) == 0).sum(axis=0)
        return cls(sessions, symbols, filled_forward(close), np.nan_to_num(amount), first)

    def closes(self, day: pd.Timestamp) -> dict[str, float]:
        """The newest close of every fund up to and including the day; NaN before its first bar."""
        past = int(self.sessions.searchsorted(day, side="right"))
        return dict(zip(self.symbols, self.close[past - 1].tolist(), strict=True)) if past else {}

    def adv(self, as_of: pd.Timestamp, window: int) -> dict[str, float]:
        """`average_daily_amount`."""
        end = int(self.sessions.searchsorted(as_of, side="right"))
        start = max(end - window, 0)
        total, count = self.amount[start:end].sum(axis=0), end - np.maximum(self.first, start)
        found = zip(self.symbols, total.tolist(), count.tolist(), strict=True)
        return {symbol: amount / n for symbol, amount, n in found if amount > 0.0}


def _judged(rebalance: pd.Series, traded: _Traded, limits: Limits, facts: Facts) -> list[dict[str, Any]]:
    """Rows of one rebalance."""
    day = rebalance["date"]
    shares = {symbol: float(n) for symbol, n in json.loads(rebalance["positions"]).items()}
    if not shares:
        return [
            _row("single_position", "positions", nan, limits.single, day, f"no position is held after {day:%Y-%m-%d}")
        ]
    close, value = traded.closes(day), float(rebalance["portfolio_value"])
    weights = {s: n * close.get(s, nan) / value for s, n in sorted(shares.items())}
    decided = rebalance["decision_date"]
    return [
        *_single_rows(weights, limits, day),
        *_sector_rows(weights, limits, facts, day),
        _broad_row(weights, limits, facts, day),
        *_adv_rows(weights, traded.adv(decided, limits.adv_window), limits, decided),
    ]


def _single_rows(weights: Mapping[str, float], limits: Limits, as_of: pd.Timestamp) -> list[dict[str, Any]]:
    return [_row("single_position", s, w, limits.single, as_of, f"{s} weighs {w:.2%}") for s, w in weights.items()]


def _sector_rows(
    weights: Mapping[str, float], limits: Limits, facts: Facts, as_of: pd.Timestamp
) -> list[dict[str, Any]]:
    sums: dict[str, float] = {}
    for symbol, weight in weights.items():
        sector = facts.sectors.get(symbol, "unknown")
        sums[sector] = sums.get(sector, 0.0) + weight
    return [
        _row("sector_concentration", sector, weight, limits.sector, as_of, f"sector {sector} weighs {weight:.2%}")
        for sector, weight in sorted(sums.items())
    ]


def _broad_row(weights: Mapping[str, float], limits: Limits, facts: Facts, as_of: pd.Timestamp) -> dict[str, Any]:
    count = sum(facts.categories.get(symbol, "").startswith(BROAD) for symbol in weights)
    return _row("broad_base_count", BROAD, float(count), float(limits.broad_base), as_of, f"{count} broad-base funds")


def _adv_rows(
    weights: Mapping[str, float], adv: Mapping[str, float], limits: Limits, as_of: pd.Timestamp
) -> list[dict[str, Any]]:
    rows = []
    for symbol, weight in weights.items():
        share = adv_share(limits.target_capital, weight, adv[symbol]) if symbol in adv else nan
        text = (
            f"{symbol} is {share:.4%} of a day's turnover"
            if isfinite(share)
            else f"{symbol} has no turnover to judge by"
        )
        rows.append(_row("adv_constraint", symbol, share, limits.adv_share, as_of, text))
    return rows


def _row(kind: str, item: str, value: float, limit: float, as_of: pd.Timestamp | None, text: str) -> dict[str, Any]:
    if not isfinite(value):
        state, relation = State.BLOCKED, "cannot be judged against"
    elif value > limit + SLACK * max(1.0, abs(limit)):
        state, relation = State.FAIL, "above"
    else:
        state, relation = State.PASS, "within"
    bound = f"{limit:g}" if kind == "broad_base_count" else f"{limit:.2%}"
    message = f"{text}: {relation} the limit of {bound}"
    seen = {"type": kind, "item": item, "value": value, "limit": limit}
    return {**seen, "status": state.value, "message": message, "as_of": as_of}


def _frame(rows: list[dict[str, Any]], source: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows).assign(source=source)
    return frame.assign(as_of=pd.to_datetime(frame["as_of"])).sort_values(["type", "item"], ignore_index=True)


def _violation(row: Mapping[Any, Any]) -> dict[str, Any]:
    name = {"sector_concentration": "sector", "broad_base_count": "category"}.get(row["type"], "symbol")
    value = row["value"] if isfinite(row["value"]) else None
    return {"type": row["type"], name: row["item"], "value": value, "limit": row["limit"], "message": row["message"]}
