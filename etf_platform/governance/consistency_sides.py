"""The two sides of the consistency check in one shape: the account as recorded, and what a back-test makes of it now.

Not here: comparing them (`consistency`), reading tables and running the back-test (`orchestration.steps.consistency`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.paper.decisions import BAR_FIELDS

PRICES = tuple(name for name in BAR_FIELDS if name != "volume")


@dataclass(frozen=True)
class Side:
    """One side, from the first session of the account on.

    Attributes
    ----------
    bars : DataFrame
        `date, symbol` and `PRICES`; one row per bar.
    features : DataFrame
        `date, symbol, feature, value`; NaN where a factor is not defined.
    decisions : DataFrame
        `date, symbol, score, target, weight, is_decision`; the weights in force after each close.
    fills : DataFrame
        `date, symbol, side, shares, price, value, cost, status`.
    nav : Series
        Value at each close, CNY, by date.
    """

    bars: pd.DataFrame
    features: pd.DataFrame
    decisions: pd.DataFrame
    fills: pd.DataFrame
    nav: pd.Series


def recorded(decisions: pd.DataFrame, fills: pd.DataFrame, account: pd.DataFrame) -> Side:
    """The online side, from rows of `PAPER_DECISIONS`, `PAPER_FILLS` and `PAPER_ACCOUNT`."""
    return Side(
        _bars(decisions),
        _features(decisions),
        decisions[["date", "symbol", "score", "target", "weight", "is_decision"]],
        fills,
        account.set_index("date")["nav"],
    )


def in_force(targets: pd.DataFrame, start: pd.Timestamp, exposure: pd.Series) -> pd.DataFrame:
    """What the strategy would have decided on every session from `start` on, as `Side.decisions`.

    Parameters
    ----------
    targets : DataFrame
        Rows of `TARGETS` as they come out now, with the last decision before `start`.
    start : Timestamp
        First session of the account: it takes up the weights in force.
    exposure : Series
        Recorded multiplier of the account by date; a session without one has that of the session before.
    """
    rows = targets[["date", "symbol", "score", "target_weight", "is_decision"]]
    weights = rows.pivot(index="date", columns="symbol", values="target_weight").fillna(0.0)
    decided = rows.groupby("date")["is_decision"].any()
    held = weights[decided].reindex(weights.index).ffill().fillna(0.0).loc[start:]
    multiplier = exposure.reindex(held.index).ffill().fillna(1.0)
    target = held.reset_index().melt("date", var_name="symbol", value_name="target")
    made = target.merge(rows[["date", "symbol", "score"]], on=["date", "symbol"]).sort_values(["date", "symbol"])
    made["weight"] = made["target"] * made["date"].map(multiplier)
    made["is_decision"] = made["date"].map(decided).astype(bool) | (made["date"] == start)
    return made[["date", "symbol", "score", "target", "weight", "is_decision"]]


def mixed_decisions(
    own: pd.DataFrame, of: Mapping[str, pd.DataFrame], shares: pd.DataFrame, exposure: pd.Series
) -> pd.DataFrame:
    """`Side.decisions` of an account that goes for several releases at once.

    Parameters
    ----------
    own : DataFrame
        Of the checkout's configuration: the scores, and what holds on sessions without a release.
    of : mapping of str to DataFrame
        Release -> `Side.decisions` under its own configuration.
    shares : DataFrame
        `date, release_id, share, age` of every session with releases in force. A single one without a share still says
        what the targets are.
    exposure : Series
        Recorded multiplier of the account by date.
    """
    total = shares.groupby("date")["share"].transform("sum")
    part = (shares["share"] / total).where(total > 0.0, 1.0)
    starts = shares.groupby("date")["age"].min().eq(0)
    parts = shares.assign(part=part).groupby("release_id")
    pieces = [of[str(name)].merge(rows[["date", "part"]], on="date") for name, rows in parts]
    long = pd.concat(pieces, ignore_index=True)
    mix = (long["target"] * long["part"]).groupby([long["date"], long["symbol"]]).sum().rename("mix")
    decided = long.groupby("date")["is_decision"].any() | starts
    made = own.merge(mix.reset_index(), on=["date", "symbol"], how="left")
    is_mixed, multiplier = made["date"].isin(decided.index), made["date"].map(exposure.ffill())
    made["target"] = made["mix"].fillna(0.0).where(is_mixed, made["target"])
    made["weight"] = (made["target"] * multiplier).where(is_mixed, made["weight"])
    made["is_decision"] = made["date"].map(decided).where(is_mixed, made["is_decision"]).astype(bool)
    return made.drop(columns="mix")


def traded(decisions: pd.DataFrame, source: str) -> pd.DataFrame:
    """Targets for a back-test of `Side.decisions`: those of the strategy, and changes of exposure as decisions."""
    weights = decisions.pivot(index="date", columns="symbol", values="weight").fillna(0.0)
    moved = (weights != weights.shift(1)).any(axis=1)
    decided = decisions.groupby("date")["is_decision"].any() | moved
    return pd.DataFrame(
        {
            "date": decisions["date"],
            "symbol": decisions["symbol"],
            "target_weight": decisions["weight"],
            "is_decision": decisions["date"].map(decided).astype(bool),
            "selection_void": False,
            "source": source,
        }
    )


def _bars(decisions: pd.DataFrame) -> pd.DataFrame:
    rows = decisions[decisions["bar"] != ""]
    values = [json.loads(text) for text in rows["bar"]]
    known = pd.DataFrame(values, columns=list(BAR_FIELDS), index=rows.index, dtype="float64")
    return pd.concat([rows[["date", "symbol"]], known[list(PRICES)]], axis=1).reset_index(drop=True)


def _features(decisions: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (day, symbol, name, np.nan if value is None else value)
        for day, symbol, text in zip(decisions["date"], decisions["symbol"], decisions["features"], strict=True)
        for name, value in json.loads(text).items()
    ]
    return pd.DataFrame(rows, columns=["date", "symbol", "feature", "value"]).astype({"value": "float64"})
