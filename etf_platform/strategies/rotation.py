"""Rotation: rank the funds of a pool by their factors and hold the best few in equal parts.

Here: the parts put together, from the panel and the bars to the rows of `strategies/<pool>/targets`. Not here: the
parts; fills and the shift of one session (`backtest`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from etf_platform.core.config.load import Config
from etf_platform.core.config.models import Direction, Eligibility, Quality, Rotation
from etf_platform.core.errors import BadInputError
from etf_platform.core.places import codes_of, rows_between
from etf_platform.core.tables import TARGETS
from etf_platform.core.units.strategy import ScoredFactor, Strategy
from etf_platform.strategies.decisions import is_decision
from etf_platform.strategies.directions import daily_ic, directions, is_settled, trailing_icir
from etf_platform.strategies.eligibility import LIQUIDITY_SESSIONS, Earlier, Traded, judge, limit_rates
from etf_platform.strategies.matrices import session_rows, to_matrices
from etf_platform.strategies.regime import exposure
from etf_platform.strategies.scores import (
    icir_weights,
    original_compatible,
    scored_once,
    signed_family_rank,
    zscore_winsor,
)
from etf_platform.strategies.selection import is_void, patient_weights, ranks, top_weights

SPARE = 125  # percent of the sessions that directions learn from: factors are missing on some


@dataclass(frozen=True)
class RotationRules:
    """Everything that configuration says about a rotation.

    `price_limits` maps symbol to the daily limit, a fraction; a column `limit_rate` of the bars goes before it, because
    limits change in time (funds on ChiNext had 10 % until August 2020).
    """

    price_limits: Mapping[str, float] = field(default_factory=dict)
    top_n: int = 5
    rebalance_freq: str = "M"
    score: Literal["signed_family_rank", "zscore_winsor", "original_compatible"] = "signed_family_rank"
    quality: Quality = field(default_factory=Quality)
    eligibility: Eligibility = field(default_factory=Eligibility)
    direction: Direction = field(default_factory=Direction)
    layers: Rotation = field(default_factory=Rotation)

    @classmethod
    def from_config(cls, config: Config) -> "RotationRules":
        """Gather the rules from the files that hold them."""
        return cls(
            price_limits={
                symbol: math.nan if fund.price_limit is None else fund.price_limit
                for symbol, fund in config.instruments.instruments.items()
            },
            top_n=config.etf_pools.strategy.top_n,
            rebalance_freq=config.etf_pools.strategy.rebalance_freq,
            score=config.factors.score,
            quality=config.etf_pools.quality,
            eligibility=config.factors.eligibility,
            direction=config.factors.direction,
            layers=config.strategies.rotation,
        )


def targets(
    panel: pd.DataFrame,
    bars: pd.DataFrame,
    selected: Sequence[ScoredFactor],
    rules: RotationRules,
    sessions: pd.DatetimeIndex,
    reference: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score, rank, eligibility and target weight of every fund on every date of the bars.

    A row dated t uses rows dated up to t only; pass the whole history, from the first bar on, because eligibility and
    directions look back. A fund has rows from its first bar on, also on sessions on which it does not trade.

    Parameters
    ----------
    panel : DataFrame
        `factors/<pool>/panel`, long; a missing row is a row of missing factors.
    bars : DataFrame
        `market/<pool>/bars`, optionally with `limit_rate`: the daily limit of the row as a fraction, NaN for none.
    selected : sequence of ScoredFactor
        The production set.
    rules : RotationRules
    sessions : DatetimeIndex
        Sessions of the exchange, one beyond the last bar at least (see `decisions.is_decision`).
    reference : DataFrame, optional
        Bars of the regime gate's fund when it is not in the pool.

    Returns
    -------
    DataFrame
        Rows of `strategies/<pool>/targets`, sorted by date and symbol.

    Raises
    ------
    BadInputError
        No bars, no factors, a date that is no session, a missing panel column, a fund without a price limit.
    """
    rows = session_rows(bars["date"], sessions)
    found = _targets(panel, bars, selected, rules, sessions, reference, Tail(rows, 0, 0))
    assert found is not None
    return found


def targets_since(
    panel: pd.DataFrame,
    bars: pd.DataFrame,
    selected: Sequence[ScoredFactor],
    rules: RotationRules,
    sessions: pd.DatetimeIndex,
    since: pd.Timestamp,
    reference: pd.DataFrame | None = None,
) -> pd.DataFrame | None:
    """The rows of `targets` from a day on, the same bits, from the last rows of the panel.

    Parameters
    ----------
    panel : DataFrame
        As of `targets`, from `needed_from` on.
    bars : DataFrame
        The whole history.

    Returns
    -------
    DataFrame or None
        None where older rows of the panel may matter: the book of a patient rotation, or factors that were seldom
        there to learn a direction from.
    """
    rows = session_rows(bars["date"], sessions)
    if rules.layers.hysteresis is not None:
        return None
    shown = int(rows.searchsorted(since))
    return _targets(panel, bars, selected, rules, sessions, reference, Tail(rows, _first_needed(shown, rules), shown))


def needed_from(
    bars: pd.DataFrame, rules: RotationRules, sessions: pd.DatetimeIndex, since: pd.Timestamp
) -> pd.Timestamp:
    """First day of the panel that `targets_since` wants to see."""
    rows = session_rows(bars["date"], sessions)
    return rows[min(_first_needed(int(rows.searchsorted(since)), rules), len(rows) - 1)]


@dataclass(frozen=True)
class Tail:
    """Sessions of the whole history, the first one that is laid out, and the first one whose rows are wanted."""

    all_rows: pd.DatetimeIndex
    first: int
    shown: int


def _first_needed(shown: int, rules: RotationRules) -> int:
    learnt = rules.direction.min_sessions * SPARE // 100 + rules.direction.horizon + 1
    return max(shown - max(learnt, rules.eligibility.window, LIQUIDITY_SESSIONS), 0)


def _targets(
    panel: pd.DataFrame,
    bars: pd.DataFrame,
    selected: Sequence[ScoredFactor],
    rules: RotationRules,
    sessions: pd.DatetimeIndex,
    reference: pd.DataFrame | None,
    tail: Tail,
) -> pd.DataFrame | None:
    if not selected:
        raise BadInputError("scoring a pool", "no factor is selected", "name some in factors.yaml")
    rows, symbols = tail.all_rows[tail.first :], pd.Index(sorted(bars["symbol"].unique()))
    earlier, whole = None, bars
    if tail.first:
        before = tail.all_rows[: tail.first]
        earlier = Earlier.from_bars(rows_between(bars, None, before[-1]), before, symbols)
        bars = rows_between(bars, rows[0], None)
    traded = Traded.from_bars(bars, rows, symbols, earlier)
    chosen = scored_once(selected)
    factors = to_matrices(panel, [factor.column for factor in chosen], rows, symbols)
    rates = limit_rates(bars, rows, symbols, rules.price_limits)
    judged = judge(traded, factors, rates, rules.quality, rules.eligibility)
    since = tail.shown - tail.first  # scores of older sessions move nothing: only patience remembers, which has all
    eligible, reasons = (array[since:] for array in judged)
    if rules.score == "original_compatible":
        raw = to_matrices(panel, [factor.raw_column or factor.column for factor in selected], rows[since:], symbols)
        scores = original_compatible(raw, eligible)
    else:
        ic = daily_ic(factors, traded.open * traded.adj_factor, rules.direction.horizon)
        if tail.first and not is_settled(ic, since, rules.direction):
            return None
        scores = _signed_scores(factors[:, since:], ic, chosen, eligible, rules)
    reasons[eligible & np.isnan(scores)] = "no factor has a direction and a value"
    decided = is_decision(tail.all_rows, sessions, rules.rebalance_freq)[tail.shown :]
    weights = _weights(scores, decided, rules)
    gate = rules.layers.regime_gate
    if gate is not None:
        weights *= exposure(whole if reference is None else reference, tail.all_rows, gate)[tail.shown :, None]
    outcome = Outcome(scores, reasons, weights, decided, rules.top_n)
    return _rows(bars, traded, rows, symbols, outcome, since)


@dataclass(frozen=True)
class Outcome:
    """Matrices of shape (n_sessions, n_symbols), `decided` of shape (n_sessions,): of the sessions that are wanted."""

    scores: np.ndarray
    reasons: np.ndarray
    weights: np.ndarray
    decided: np.ndarray
    top_n: int


def _signed_scores(
    factors: np.ndarray, ic: np.ndarray, chosen: Sequence[ScoredFactor], eligible: np.ndarray, rules: RotationRules
) -> np.ndarray:
    """Scores of the last sessions, those of `factors` and `eligible`; `ic` is that of earlier ones too."""
    since = ic.shape[1] - len(eligible)
    signs = directions(ic, np.array([factor.prior for factor in chosen]), rules.direction)[:, since:]
    if rules.score == "zscore_winsor":
        weights = icir_weights(trailing_icir(ic, rules.direction)[:, since:], signs)
        return zscore_winsor(factors, weights, [factor.is_bounded for factor in chosen], eligible)
    return signed_family_rank(factors, signs, [factor.bucket for factor in chosen], eligible)


def _weights(scores: np.ndarray, decided: np.ndarray, rules: RotationRules) -> np.ndarray:
    if rules.layers.hysteresis is None:
        return top_weights(ranks(scores), rules.top_n)
    return patient_weights(scores, decided, rules.top_n, rules.layers.hysteresis)


def _rows(
    bars: pd.DataFrame, traded: Traded, rows: pd.DatetimeIndex, symbols: pd.Index, outcome: Outcome, since: int
) -> pd.DataFrame:
    """Matrices to long rows: sessions with a bar of any fund from `since` on, each fund from its first bar on."""
    shown = ((traded.bars_so_far > 0) & traded.has_bar.any(axis=1, keepdims=True))[since:]
    day, fund = np.nonzero(shown)
    places = ranks(outcome.scores)
    return pd.DataFrame(
        {
            "date": rows[since:][day],
            "symbol": symbols[fund],
            "score": outcome.scores[shown],
            "rank": places[shown],
            "is_eligible": (places > 0)[shown],
            "reason": pd.array(outcome.reasons[shown], dtype="str"),
            "target_weight": outcome.weights[shown],
            "is_decision": outcome.decided[day],
            "selection_void": is_void(places, outcome.top_n)[day],
            "source": _last_sources(bars, rows, symbols, traded.earlier)[since:][shown],
        }
    )


def _last_sources(bars: pd.DataFrame, rows: pd.DatetimeIndex, symbols: pd.Index, earlier: Earlier | None) -> np.ndarray:
    """Source of each fund's newest bar up to each session, as strings; any before its first bar."""
    codes, names = codes_of(bars["source"])
    if len(names) == 1 and (earlier is None or set(earlier.source) <= {"", names[0]}):
        return np.full((len(rows), len(symbols)), names[0], dtype=object)
    coded = to_matrices(bars.assign(code=codes), ("code",), rows, symbols)[0]
    newest = np.maximum.accumulate(np.where(np.isnan(coded), 0, np.arange(len(rows))[:, None]), axis=0)
    filled = np.take_along_axis(coded, newest, axis=0)
    sources = np.asarray(names, dtype=object)[np.nan_to_num(filled).astype(np.int64)]
    return sources if earlier is None else np.where(np.isnan(filled), earlier.source, sources)


ROTATION = Strategy(
    name="rotation",
    meaning="Hold the top funds of a pool by signed, family-averaged factor ranks, in equal parts.",
    table=TARGETS,
    decide=targets,
)
