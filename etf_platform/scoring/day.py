"""One session from views to scores: factors, totals, judgement, risk, advice and weights of every asset; their rows.

Here: what depends on what within a session. Not here: how any of it is made (the other modules), stored tables.

Bars decide whether an asset is judged at all: without a fresh bar there is no total, whatever else is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.core.config.scoring import Synthesis as Settings
from etf_platform.core.states import State
from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.judgement import NO_DATA, Verdict, verdict
from etf_platform.scoring.market_state import MarketState
from etf_platform.scoring.points import UNAVAILABLE
from etf_platform.scoring.risk import Risk, assess
from etf_platform.scoring.sizing import Candidate, weights
from etf_platform.scoring.strategies import combos, texts
from etf_platform.scoring.synthesis import Sample, Synthesis, Today, basis_rows, synthesise
from etf_platform.scoring.views import NOBODY, AssetView

NOT_APPLICABLE = "不适用"
Row = dict[str, Any]


@dataclass(frozen=True)
class AssetDay:
    """An asset on a session: its view, factors that can exist, what every one says, judgement, risk and weight."""

    view: AssetView
    applicable: tuple[str, ...]
    factors: Mapping[str, Scored]
    verdict: Verdict
    risk: Risk
    weight: float = 0.0


@dataclass(frozen=True)
class Day:
    """All assets on a session, in the order of their views, and how their totals were made.

    `sample` in `synthesis` is what the next session looks back at.
    """

    day: date
    assets: tuple[AssetDay, ...]
    synthesis: Synthesis
    market: MarketState | None

    def factor_rows(self) -> list[Row]:
        """Rows of FACTOR_SCORES."""
        return [self._factor_row(one, name, scored) for one in self.assets for name, scored in one.factors.items()]

    def score_rows(self) -> list[Row]:
        """Rows of ASSET_SCORES."""
        return [self._score_row(one) for one in self.assets]

    def basis_rows(self, source: str) -> list[Row]:
        """Rows of SCORE_BASIS."""
        return basis_rows(self.synthesis, self.day, source)

    def _factor_row(self, one: AssetDay, name: str, scored: Scored) -> Row:
        key = (one.view.key, name)
        is_in_total = one.verdict.total is not None
        return {
            "date": pd.Timestamp(self.day),
            "asset": one.view.key,
            "factor": name,
            "applicable": name in one.applicable,
            "available": scored.available,
            "score": scored.score,
            "orth_score": self.synthesis.orth.get(key),
            "weight": self.synthesis.weights.get(key) if is_in_total else None,
            "detail": scored.detail,
            "reason": scored.reason,
            "as_of": scored.as_of,
            "source": one.view.source or NOBODY,
        }

    def _score_row(self, one: AssetDay) -> Row:
        view, verdict_, band = one.view, one.verdict, one.verdict.band
        return {
            "date": pd.Timestamp(self.day),
            "asset": view.key,
            "data_date": view.data_date,
            "status": str(verdict_.status),
            "reason": verdict_.reason,
            "total_score": verdict_.total,
            "raw_total": self.synthesis.raw_total.get(view.key),
            "method": self.synthesis.method,
            "basis": self.synthesis.basis,
            "direction": band.direction,
            "recommended_position": band.position,
            "available": sum(scored.available for scored in one.factors.values()),
            "applicable": len(one.applicable),
            "close": view.close,
            "change": view.change,
            **_probabilities(view),
            "risk_score": one.risk.risk_score,
            "rule_risk": one.risk.rule_risk,
            "risk_level": one.risk.level,
            "risk_factors": ";".join(one.risk.factors),
            "strategies": ";".join(texts(view, one.risk)),
            "combos": ";".join(combo.text for combo in combos(view, one.risk)),
            "target_weight": one.weight,
            "source": view.source or NOBODY,
        }


def synthesis_settings(settings: ScoringConfig) -> Settings:
    """How totals are made; the original averaged, whatever `synthesis.rule` says."""
    if not settings.original_compatible:
        return settings.synthesis
    return settings.synthesis.model_copy(update={"rule": "equal_weight"})


def score_day(
    day: date,
    views: Sequence[AssetView],
    history: Sample,
    market: MarketState | None,
    units: Sequence[ScoreFactor],
    settings: ScoringConfig,
) -> Day:
    """Scores of all assets on a session.

    Parameters
    ----------
    day : date
        XSHG session of the views.
    views : sequence of AssetView
        All assets of the session: totals are relative to each other.
    history : Sample
        Raw scores of earlier sessions (`synthesis.sample_of`, or that of the session before).
    market : MarketState or None
        None is unknown: no asset is held.
    units : sequence of ScoreFactor
        `choose.every_factor(settings.original_compatible)`.

    Returns
    -------
    Day
        An asset without fresh bars, or with too few factors, is BLOCKED and has no total.
    """
    said = {view.key: _factors(view, units, settings) for view in views}
    today: Today = [(key, name, scored) for key, factors in said.items() for name, scored in factors.items()]
    made = synthesise(history, day, today, synthesis_settings(settings))
    labels = {unit.name: unit.label for unit in units}
    judged = [_judged(view, said[view.key], made.total.get(view.key), labels, settings) for view in views]
    sizes = weights({one.view.key: _candidate(one) for one in judged}, market, settings.sizing)
    return Day(day, tuple(replace(one, weight=sizes[one.view.key]) for one in judged), made, market)


def applicable_to(view: AssetView, units: Iterable[ScoreFactor], settings: ScoringConfig) -> tuple[str, ...]:
    """Factors that can exist for an asset; for the original every one could."""
    wanted = view.asset.applicable_factors
    return tuple(unit.name for unit in units if settings.original_compatible or unit.name in wanted)


def _factors(view: AssetView, units: Sequence[ScoreFactor], settings: ScoringConfig) -> dict[str, Scored]:
    if settings.original_compatible and "bars" in view.reasons:  # its 50 for what is missing is no score of nothing
        return {unit.name: Scored(None, UNAVAILABLE, view.reasons["bars"]) for unit in units}
    wanted, absent = applicable_to(view, units, settings), Scored(None, UNAVAILABLE, NOT_APPLICABLE)
    return {unit.name: unit.score(view) if unit.name in wanted else absent for unit in units}


def _judged(
    view: AssetView,
    factors: Mapping[str, Scored],
    total: float | None,
    labels: Mapping[str, str],
    settings: ScoringConfig,
) -> AssetDay:
    wanted = tuple(name for name, scored in factors.items() if scored.reason != NOT_APPLICABLE)
    missing = {labels[name]: factors[name].reason for name in wanted if not factors[name].available}
    said = verdict(total, len(wanted), missing, settings.min_available)
    if "bars" in view.reasons:
        said = Verdict(State.BLOCKED, view.reasons["bars"], None, NO_DATA)
    return AssetDay(view, wanted, factors, said, assess(view, settings.original_compatible))


def _candidate(one: AssetDay) -> Candidate:
    technical = one.view.technical
    return Candidate(one.verdict.total, one.risk.risk_score, technical.volatility_60 if technical else None)


def _probabilities(view: AssetView) -> Row:
    near, far = view.probabilities.get(20), view.probabilities.get(60)
    return {
        "up_prob_20": near.up_prob if near else None,
        "up_low_20": near.low if near else None,
        "up_high_20": near.high if near else None,
        "base_rate_20": near.base_rate if near else None,
        "matches_20": near.matches if near else None,
        "effective_20": near.effective if near else None,
        "up_prob_60": far.up_prob if far else None,
        "effective_60": far.effective if far else None,
    }
