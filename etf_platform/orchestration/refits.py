"""A refit of the rotation: the production factors chosen anew on what was known, judged on the sessions after it.

What the rotation has learnt at any time: which factors it scores (`factors.yaml`), and which way each of them points,
which it learns again every session by itself. A refit chooses the factors; directions and weights follow from it as
they do live. Nothing is stored here, and nothing is put in force: that is a release (`governance.releases`). Not here:
registering (`experiments`), closing a retrain that was opened (`retraining`).
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.backtest.metrics import figures_of
from etf_platform.backtest.rotation import Account, run_rotation
from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.factors.correlation import Moments, moment_arrays
from etf_platform.factors.selection import production_ids
from etf_platform.factors.summary import summarised_columns, summary_rows
from etf_platform.measures.columns import column_facts
from etf_platform.measures.performance import sharpe
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.rotations import split_account
from etf_platform.orchestration.steps.backtest import terms
from etf_platform.orchestration.steps.factors import scored, scored_factors
from etf_platform.orchestration.steps.strategies import reference_bars, with_limit_rates
from etf_platform.strategies.directions import daily_ic, directions, trailing_icir
from etf_platform.strategies.matrices import session_rows, to_matrices
from etf_platform.strategies.rotation import RotationRules, targets
from etf_platform.strategies.scores import scored_once

HOLDOUT = 120  # sessions that judge a refit: half a year, six monthly decisions


@dataclass(frozen=True)
class Question:
    """What is refitted: the pool, the last session that is known, and how many sessions before it judge."""

    pool: str
    as_of: date
    holdout: int = HOLDOUT


@dataclass(frozen=True, eq=False)
class Model:
    """Factors of a rotation and what came of them.

    Attributes
    ----------
    factors : tuple of str
        Published ids, in the order in which they are scored.
    account : Account
        Of all sessions up to the last one known; fills and costs as configured.
    sharpe_in_sample, sharpe_out_of_sample : float
        Annual, of the sessions that chose the factors, and of those that judge.
    simple : float
        Annual Sharpe ratio of holding all members in equal parts on the sessions that judge.
    """

    factors: tuple[str, ...]
    account: Account
    sharpe_in_sample: float
    sharpe_out_of_sample: float
    simple: float

    @property
    def record(self) -> dict[str, Any]:
        """What `drift.audit.record_of` reads.

        `error` is the absolute difference of the two Sharpe ratios, `improvement` the later one over the simple rule.
        """
        return {
            "selected": f"{hashlib.sha256(','.join(self.factors).encode()).hexdigest()[:12]}",
            "factors": list(self.factors),
            "error": abs(self.sharpe_in_sample - self.sharpe_out_of_sample),
            "improvement": self.sharpe_out_of_sample - self.simple,
        }


@dataclass(frozen=True, eq=False)
class Refit:
    """The model in force and the one that would be chosen now, judged on the same sessions.

    `judged` has a row for every factor that could have been chosen: factor_id, bucket, sign, icir, is_chosen.
    """

    in_force: Model
    refitted: Model
    judged: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp


def refit(platform: Platform, question: Question) -> Refit:
    """Choose the production factors of a pool anew, and judge them.

    Candidates are what the rule `filter_production` lets pass on the sessions before the holdout. Of those whose rank
    IC has a learnt direction by then, the strongest by absolute ICIR are chosen: at most as many as are in force, and
    of one bucket at most as many as the fullest bucket in force holds, or twelve averages of one range would be a
    choice. Where none has a direction, the factors in force stay.

    Raises
    ------
    BadInputError
        The pool is not configured, or its panel does not reach `as_of`.
    InsufficientDataError
        Too few sessions for a choice, or for an account before and after the holdout.
    """
    return _Known(platform, question).refit


class _Known:
    """Everything that is known on the session of a question, and nothing later."""

    def __init__(self, platform: Platform, question: Question) -> None:
        doing, pool = f"refitting {question.pool} as of {question.as_of}", question.pool
        if pool not in platform.config.pools:
            raise BadInputError(doing, "it is no pool", f"use one of {', '.join(platform.config.pools)}")
        self._platform, self._question, self._config = platform, question, platform.config
        self._bars = with_limit_rates(self._config, platform.lake.read(t.BARS, pool, end=question.as_of))
        self._panel = platform.lake.read(t.PANEL, pool, end=question.as_of)
        if self._bars.empty or self._panel["date"].max() != self._bars["date"].max():
            raise BadInputError(doing, "panel and bars do not end on one day", "make the factors of the session first")
        self._sessions = platform.sessions(pool).index
        self._rows = session_rows(self._bars["date"], self._sessions)
        least = platform.config.factors.direction.min_sessions + question.holdout
        if len(self._rows) <= least:
            saw = f"{len(self._rows)} sessions; {least} are needed to learn a direction and to judge it"
            raise InsufficientDataError(doing, saw, "load more history")
        self._since = self._rows[-question.holdout]
        self._reference = reference_bars(platform, platform.lake, self._bars, question.as_of)

    @cached_property
    def refit(self) -> Refit:
        now = scored_factors(self._platform, self._question.pool)
        judged = self._judged(self._candidates())
        judged = judged.assign(is_chosen=judged["factor_id"].isin(_strongest(judged, scored_once(now))))
        after = [scored(name) for name in judged.loc[judged["is_chosen"], "factor_id"]] or now
        return Refit(self._model(now), self._model(after), judged, self._rows[0], self._rows[-1])

    def _candidates(self) -> list[ScoredFactor]:
        """What the rule `filter_production` lets pass on the rows before the holdout."""
        early, columns = self._panel[self._panel["date"] < self._since], summarised_columns()
        settings = self._config.factors.model_copy(update={"production_set": "filter_production"})
        rows = summary_rows(column_facts(early[columns]), Moments(**moment_arrays(early[columns])), settings)
        return scored_once([scored(name) for name in production_ids(settings, rows)])

    def _judged(self, candidates: Sequence[ScoredFactor]) -> pd.DataFrame:
        """Direction and ICIR of every candidate as known before the holdout; both learn from sessions before it."""
        rows, symbols = self._rows[self._rows < self._since], pd.Index(sorted(self._bars["symbol"].unique()))
        rules = self._config.factors.direction
        opens, adjusted = to_matrices(self._bars, ("open", "adj_factor"), rows, symbols)
        factors = to_matrices(self._panel, [factor.column for factor in candidates], rows, symbols)
        ic = daily_ic(factors, opens * adjusted, rules.horizon)
        signs = directions(ic, np.zeros(len(candidates)), rules)[:, -1]
        ratios = trailing_icir(ic, rules)[:, -1]
        names = [factor.factor_id for factor in candidates]
        buckets = [factor.bucket for factor in candidates]
        return pd.DataFrame({"factor_id": names, "bucket": buckets, "sign": signs, "icir": ratios})

    def _model(self, factors: Sequence[ScoredFactor]) -> Model:
        rules = RotationRules.from_config(self._config)
        decided = targets(self._panel, self._bars, factors, rules, self._sessions, self._reference)
        account = run_rotation(decided, self._bars, terms(self._config), self._rows)
        before, after = split_account(account.equity, self._since.date())
        seen, unseen = (_sharpe(part, self._config) for part in (before, after))
        return Model(tuple(factor.factor_id for factor in factors), account, seen, unseen, self._simple)

    @cached_property
    def _simple(self) -> float:
        totals = self._bars.assign(total=self._bars["close"] * self._bars["adj_factor"])
        returns = totals.pivot(index="date", columns="symbol", values="total").pct_change(fill_method=None)
        mean = returns.mean(axis=1)
        return sharpe(mean[mean.index >= self._since].to_numpy(), self._config.etf_pools.costs.risk_free)


def _strongest(judged: pd.DataFrame, in_force: Sequence[ScoredFactor]) -> list[str]:
    """Ids of the factors with a direction and the largest |ICIR|, as many as in force, all in all and per bucket."""
    most = max(Counter(factor.bucket for factor in in_force).values())
    strength = judged["icir"].abs().fillna(0.0)
    directed = judged.assign(strength=strength)[judged["sign"] != 0]
    ordered = directed.sort_values(["strength", "factor_id"], ascending=[False, True])
    return ordered.groupby("bucket", sort=False).head(most)["factor_id"].head(len(in_force)).tolist()


def _sharpe(equity: pd.DataFrame, config: Config) -> float:
    return float(figures_of(equity, config.etf_pools.costs.risk_free)["sharpe"])
