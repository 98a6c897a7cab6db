"""Shadow accounts on stored tables: what each release in force decides by its own configuration, and what that earns.

A release decides by the configuration that its experiment recorded. Where nothing on record holds it, the checkout's
stands for it, and the row says which one decided. Like the account, a day is written once. Before a candidate's first
session its and the stable release's returns are modelled by a back-test on what was stored then, for the variance of
the paired test. Not here: arithmetic (`paper.shadows`), releases in force (`paper_authority`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from etf_platform.backtest.rotation import run_rotation
from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.core.errors import InsufficientDataError
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.release_configs import configs_of, decides_alike
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.strategies import target_rows, with_limit_rates
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.paper.account import Session
from etf_platform.paper.decisions import last_decision
from etf_platform.paper.shadows import SHADOW, Decision, Market, Member, modelled_rows, shadowed
from etf_platform.paper.terms import Terms

EARLIER = 250  # sessions that are modelled before a candidate's first one


@dataclass(frozen=True)
class Day:
    """A session, the one before it, and whether there is still time to decide."""

    before: pd.Timestamp
    date: pd.Timestamp
    decides: bool = True


def record_shadows(
    platform: Platform, pool: str, tables: StepTables, day: Day, shares: Mapping[str, float]
) -> pd.DataFrame:
    """Rows of PAPER_RELEASES of a session, as recorded, or made and recorded now; none without a release in force.

    Parameters
    ----------
    shares : mapping of str to float
        Release in force -> its exposure, the candidate first.
    """
    stored = _rows(tables, pool, day.date)
    if len(stored) or not shares:
        return stored
    chosen = configs_of(platform, pool, shares)
    before, market = _rows(tables, pool, day.before), _market(platform, pool, tables, day)
    rows = []
    for name, config in chosen.items():
        was = before[before["release_id"] == name]
        decision = _decision(platform, pool, tables, day, config, was)
        rows.append(shadowed(Member(name, shares[name], config.digest), decision, was, market))
    made = pd.DataFrame(rows)[[column.name for column in t.PAPER_RELEASES.columns]]
    if len(chosen) > 1 and not (set(chosen) <= set(before["release_id"])):
        _model_earlier(platform, pool, tables, day, chosen)
    tables.write(t.PAPER_RELEASES, pool, made, day.date.date(), day.date.date())
    return made


def shadows_again(platform: Platform, pool: str, tables: StepTables, date: pd.Timestamp) -> pd.DataFrame:
    """The recorded rows of a session with the targets that would be decided now; no rows where there are none."""
    stored = _rows(tables, pool, date)
    if stored.empty:
        return stored
    day = Day(platform.sessions(pool).previous(date), date)
    before, configs = _rows(tables, pool, day.before), configs_of(platform, pool, stored["release_id"].tolist())
    made = [
        _decision(platform, pool, tables, day, configs[name], before[before["release_id"] == name])
        for name in stored["release_id"]
    ]
    texts = [json.dumps({s: w for s, w in sorted(each.weights.items()) if w != 0.0}) for each in made]
    decided = np.array([each.is_decision for each in made]) | (stored["age"] == 0).to_numpy()
    return stored.assign(targets=texts, is_decision=decided)


def terms_of(platform: Platform, pool: str) -> Terms:
    """Terms of the account as configured."""
    from etf_platform.orchestration.steps.backtest import terms

    offline = terms(platform.config)
    fills_at: Literal["open", "close"] = "open" if offline.exec_mode == "next_open_close" else "close"
    return Terms(pool, offline.cost, offline.cost_of, offline.lot, offline.min_weight_change, fills_at)


def targets_under(
    platform: Platform, pool: str, tables: StepTables, config: Config, start: pd.Timestamp | None, end: pd.Timestamp
) -> pd.DataFrame:
    """Rows of TARGETS of a range under a configuration: as stored where it decides as the checkout's does."""
    first = None if start is None else start.date()
    if decides_alike(config, platform.config):
        return tables.read(t.TARGETS, pool, start=first, end=end.date())
    window = Window(first, end.date())
    return window.cut(target_rows(Platform(platform.workspace, config), pool, tables, window))


def _decision(
    platform: Platform, pool: str, tables: StepTables, day: Day, config: Config, was: pd.DataFrame
) -> Decision:
    """Weights of a release after a close: decided, or kept from its row of the session before, or taken up."""
    today = targets_under(platform, pool, tables, config, day.date, day.date)
    if day.decides and len(today) and bool(today["is_decision"].iloc[0]):
        weights = today.set_index("symbol")["target_weight"].astype("float64")
        return Decision(_by_symbol(weights), True)
    if len(was):
        return Decision(json.loads(was["targets"].iloc[0]), False)
    return Decision(_by_symbol(last_decision(targets_under(platform, pool, tables, config, None, day.date))), False)


def _by_symbol(weights: pd.Series) -> dict[str, float]:
    return {str(symbol): float(weight) for symbol, weight in weights.items()}


def _market(platform: Platform, pool: str, tables: StepTables, day: Day) -> Market:
    at = day.date.date()
    bars = with_limit_rates(platform.config, tables.read(t.BARS, pool, start=at, end=at))
    known = tables.read(t.BARS, pool, end=day.before.date(), columns=["date", "symbol", "close"])
    closes = known.groupby("symbol")["close"].last().astype("float64").dropna()
    source = str(bars["source"].iloc[0]) if len(bars) else platform.source_label
    capital = platform.config.governance.account.capital
    return Market(Session(day.date, bars, 1.0, source), closes, terms_of(platform, pool), capital)


def _model_earlier(platform: Platform, pool: str, tables: StepTables, day: Day, configs: Mapping[str, Config]) -> None:
    """Back-tests of all releases in force over the sessions before this one, on the checkout's terms of trade.

    Days that are on record stay as they are. A release without history enough has no such rows.
    """
    from etf_platform.orchestration.steps.backtest import terms

    sessions = platform.sessions(pool).index
    since = sessions[max(int(sessions.searchsorted(day.date)) - EARLIER, 0)]
    bars = with_limit_rates(platform.config, tables.read(t.BARS, pool, end=day.before.date()))
    span = platform.sessions(pool).between(bars["date"].min(), day.before)
    on_terms = replace(terms(platform.config), start=None)
    made = []
    for name, config in configs.items():
        targets = targets_under(platform, pool, tables, config, None, day.before)
        try:
            equity = run_rotation(targets, bars, on_terms, span).equity
        except InsufficientDataError:
            continue
        made.append(modelled_rows(name, config.digest, equity, since))
    stored = tables.read_if_there(t.PAPER_RELEASES, pool, start=since.date(), end=day.before.date())
    known = [] if stored is None else [stored]
    rows = pd.concat([*known, *made], ignore_index=True) if known or made else t.PAPER_RELEASES.no_rows()
    rows = rows.drop_duplicates(["date", "release_id"], keep="first").sort_values(["date", "release_id"])
    if len(rows):
        tables.write(t.PAPER_RELEASES, pool, rows.reset_index(drop=True), since.date(), day.before.date())


def _rows(tables: StepTables, pool: str, day: pd.Timestamp) -> pd.DataFrame:
    """Shadows of a session; what was modelled later for it is none."""
    rows = tables.read_if_there(t.PAPER_RELEASES, pool, start=day.date(), end=day.date())
    return t.PAPER_RELEASES.no_rows() if rows is None else rows[rows["origin"] == SHADOW].reset_index(drop=True)
