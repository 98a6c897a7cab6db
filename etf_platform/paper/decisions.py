"""What is decided at a close, with everything that was known: rows that are written once and never again.

A day's rows hold all funds of the pool: the strategy's weight in force, the weight after release stage, breaker and
drift, and the bar, score and factors that were known, so that later data can be compared with what the decision saw.
Not here: scores and weights of the strategy (`strategies`), what becomes of a decision (`account`).
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import PAPER_DECISIONS

BAR_FIELDS = ("open", "high", "low", "close", "prev_close", "volume", "adj_factor")
DECIDED = ("target", "weight", "is_decision")


@dataclass(frozen=True)
class Authority:
    """Who lets the strategy trade, and how much: release in force, and the multipliers of its stage, breaker, drift."""

    release_id: str = ""
    exposure: float = 1.0
    breaker: float = 1.0
    drift: float = 1.0

    @property
    def multiplier(self) -> float:
        """What the strategy's weights are multiplied by."""
        return self.exposure * self.breaker * self.drift

    @property
    def label(self) -> str:
        """The release, or that there is none."""
        return self.release_id or "no release"


@dataclass(frozen=True)
class Provenance:
    """What a decision read and which code made it; `decided_at` is aware."""

    inputs: Mapping[str, int]
    config: str
    code: str
    decided_at: dt.datetime


@dataclass(frozen=True)
class Known:
    """What is known at the close of one session.

    Attributes
    ----------
    targets : DataFrame
        The session's rows of `TARGETS`.
    closes : Series
        Last close of every fund, CNY, by symbol.
    bars : DataFrame
        The session's rows of `BARS`.
    features : DataFrame
        The session's scored factors, one column each, indexed by symbol.
    """

    targets: pd.DataFrame
    closes: pd.Series
    bars: pd.DataFrame
    features: pd.DataFrame


def decide(known: Known, in_force: pd.Series, authority: Authority, why: Provenance, starts: bool) -> pd.DataFrame:
    """The decision of one session.

    Parameters
    ----------
    known : Known
    in_force : Series
        Weights of the strategy's last decision by symbol; they are kept on a day without decision, and taken up by an
        account that starts.
    authority : Authority
    why : Provenance
    starts : bool
        The first day of the account: it goes for the weights in force, which is a decision of its own.

    Returns
    -------
    DataFrame
        Rows of `PAPER_DECISIONS`, sorted by symbol.

    Raises
    ------
    BadInputError
        No targets, or a fund with a weight but without a known close.
    """
    rows = known.targets.sort_values("symbol", ignore_index=True)
    if rows.empty:
        raise BadInputError("deciding a session", "there are no targets", "run the strategy of the day first")
    decides = bool(rows["is_decision"].iloc[0])
    day, symbols = rows["date"].iloc[0], rows["symbol"]
    kept = symbols.map(in_force).fillna(0.0).astype("float64")
    target = rows["target_weight"].astype("float64") if decides else kept
    closes = symbols.map(known.closes)
    if closes.isna().any():
        missing = symbols[closes.isna()].iloc[0]
        raise BadInputError(f"deciding {day:%Y-%m-%d}", f"{missing} has no close yet", "load its bars")
    frame = pd.DataFrame(
        {
            "date": day,
            "symbol": symbols,
            "release_id": authority.release_id,
            "target": target,
            "weight": target * authority.multiplier,
            "close": closes.astype("float64"),
            "score": rows["score"],
            "is_decision": decides or starts,
            "bar": symbols.map(_as_json(known.bars.set_index("symbol")[list(BAR_FIELDS)])).fillna(""),
            "features": symbols.map(_as_json(known.features)).fillna("{}"),
            "inputs": json.dumps(dict(sorted(why.inputs.items()))),
            "config": why.config,
            "code": why.code,
            "decided_at": pd.Timestamp(why.decided_at).tz_convert("UTC"),
            "source": rows["source"],
        }
    )
    return frame[[c.name for c in PAPER_DECISIONS.columns]]


def last_decision(targets: pd.DataFrame) -> pd.Series:
    """Weights of the last decision among rows of `TARGETS` by symbol; empty before the first."""
    rows = targets[targets["is_decision"].astype(bool)]
    if rows.empty:
        return pd.Series(dtype="float64")
    return rows[rows["date"] == rows["date"].max()].set_index("symbol")["target_weight"].astype("float64")


def differences(recorded: pd.DataFrame, again: pd.DataFrame) -> list[dict[str, object]]:
    """Funds whose decision of one session would be another one now: `symbol, recorded, now`; weights are fractions."""
    was, now = (frame.set_index("symbol")[list(DECIDED)] for frame in (recorded, again))
    found: list[dict[str, object]] = []
    for symbol in sorted(set(was.index) | set(now.index)):
        before, after = (_decided(frame, symbol) for frame in (was, now))
        if before != after:
            found.append({"symbol": symbol, "recorded": before, "now": after})
    return found


def changes_hands(rows: pd.DataFrame, before: pd.DataFrame | None) -> bool:
    """Whether a day's decision is to be traded: the strategy decided, or the exposure of kept weights changed."""
    if bool(rows["is_decision"].iloc[0]) or before is None:
        return bool(rows["is_decision"].iloc[0])
    weights = [frame.set_index("symbol")["weight"] for frame in (rows, before)]
    now, then = weights[0].align(weights[1], fill_value=0.0)
    return bool((now != then).any())


def _decided(frame: pd.DataFrame, symbol: str) -> list[object]:
    if symbol not in frame.index:
        return [0.0, 0.0, None]
    target, weight, decides = frame.loc[[symbol]].to_numpy().tolist()[0]
    return [float(target), float(weight), bool(decides)]


def _as_json(frame: pd.DataFrame) -> dict[str, str]:
    """One JSON object per row by symbol; null where there is no number, every digit of the others."""
    values = frame.to_numpy(dtype=np.float64)
    texts = (
        json.dumps({n: None if np.isnan(v) else float(v) for n, v in zip(frame.columns, row, strict=True)})
        for row in values
    )
    return dict(zip(frame.index.tolist(), texts, strict=True))
