"""Six factor scores of every asset to one total: columns over assets made independent, then averaged.

Here: the sample, the columns of a day and what was left out of them, scores of today's rows. Not here: how columns
are made independent (`basis`), whether a total may be shown (`judgement`).

The sample of session d is d itself and the stored sessions before it, at most `window` together: raw scores of d are
known at the run of d, later ones are not read. Rows are put in the order of asset keys, so nothing depends on the order
in which assets were scored, and a day alone gives the bits of the same day in a backfill.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from etf_platform.core.config.scoring import Synthesis as Settings
from etf_platform.core.errors import BadInputError
from etf_platform.core.units.scoring import Scored
from etf_platform.scoring.basis import FACTORS, ColumnBasis, fit_basis, orth_scores

METHOD_LABELS = {"orthogonal": "正交合成", "symmetric": "对称正交合成", "equal_weight": "等权合成"}
BASIS_LABELS = {"pooled": "近期样本", "cross_section": "当日截面", "none": ""}

Today = Sequence[tuple[str, str, Scored]]
"""(asset, factor, Scored) of one session."""


@dataclass(frozen=True)
class Sample:
    """Raw scores of the newest sessions.

    Attributes
    ----------
    days : tuple of date
        Rising.
    blocks : tuple of ndarray of shape (6, n_assets)
        For each day the scores, factors in the order of `FACTORS`, assets in the order of their keys; NaN where
        unavailable. Assets without any score are left out.
    """

    days: tuple[date, ...] = ()
    blocks: tuple[np.ndarray, ...] = ()

    def after(self, day: date, today: Today, window: int) -> "Sample":
        """The sample with one more session, cut to the newest `window`.

        Raises
        ------
        BadInputError
            `day` is not later than the sessions that are there: the past would see its future.
        """
        if self.days and day <= self.days[-1]:
            raise BadInputError(
                "adding a session to the sample of scores",
                f"{day} does not follow {self.days[-1]}",
                "pass the rows of earlier sessions only",
            )
        by_asset = _by_asset(today)
        rows = [[scores.get(name, np.nan) for name in FACTORS] for _, scores in sorted(by_asset.items()) if scores]
        block = np.array(rows, dtype=np.float64).reshape(-1, len(FACTORS)).T
        first = max(0, len(self.days) + 1 - window)
        return Sample((*self.days, day)[first:], (*self.blocks, np.ascontiguousarray(block))[first:])


@dataclass(frozen=True)
class Synthesis:
    """Totals of one session.

    Attributes
    ----------
    orth : mapping of (asset, factor) to float or None
        Score after orthogonalisation; None where unavailable or the column was dropped.
    weights : mapping of (asset, factor) to float or None
        Share in the total, 1 / number of scores in it; None for what is not in it.
    total, raw_total : mapping of asset to float or None
        Mean of what is in the total; mean of the available raw scores.
    columns : tuple of ColumnBasis
        One per factor, in priority order; empty for equal weights.
    method, basis, sessions : str, str, int
        orthogonal, symmetric or equal_weight; pooled, cross_section or none; sessions in the sample.
    sample : Sample
        With this session, for the next one.
    """

    orth: Mapping[tuple[str, str], float | None]
    weights: Mapping[tuple[str, str], float | None]
    total: Mapping[str, float | None]
    raw_total: Mapping[str, float | None]
    columns: tuple[ColumnBasis, ...]
    method: str
    basis: str
    sessions: int
    sample: Sample


def sample_of(rows: pd.DataFrame, before: date, settings: Settings) -> Sample:
    """The stored sessions that the one of `before` may look at, from rows of FACTOR_SCORES.

    Rows dated `before` or later are not read. A stored session without a single score is a session all the same. Pass
    at least the last `settings.window` sessions that are stored.
    """
    past = rows.loc[rows["date"] < pd.Timestamp(before), ["date", "asset", "factor", "score", "available"]]
    days = np.sort(past["date"].unique())
    days = days[max(0, len(days) - settings.window + 1) :]
    if not len(days):
        return Sample()
    known = past[past["available"].astype(bool) & past["score"].notna() & (past["date"] >= days[0])]
    wide = known.pivot(index=["date", "asset"], columns="factor", values="score").reindex(columns=list(FACTORS))
    wide = wide.sort_index()
    edges = wide.index.get_level_values("date").searchsorted(pd.DatetimeIndex(days))
    matrix = wide.to_numpy(dtype=np.float64).T
    blocks = [np.ascontiguousarray(block) for block in np.split(matrix, edges[1:], axis=1)]
    return Sample(tuple(pd.Timestamp(day).date() for day in days), tuple(blocks))


def synthesise(history: Sample, day: date, today: Today, settings: Settings) -> Synthesis:
    """Totals of the session `day`.

    Parameters
    ----------
    history : Sample
        Earlier sessions: `sample_of(stored rows, day, settings)`, or `.sample` of the session before.
    day : date
        XSHG session of `today`; later than all of `history`.
    today : sequence of (asset, factor, Scored)
        An unavailable score takes no part.

    Returns
    -------
    Synthesis
        With fewer than `min_sessions` sessions that have a score (this one included) today's rows are the sample: then
        scores are relative to the other assets; with fewer than `min_assets` of these there is no basis, and no total.

    Raises
    ------
    BadInputError
        `day` does not follow the history; a score is outside 0 to 100, given twice, or of no known factor.
    """
    sample = history.after(day, today, settings.window)
    by_asset = _by_asset(today)
    raw = {asset: _mean(list(scores.values())) for asset, scores in by_asset.items()}
    if settings.rule == "equal_weight":
        used = {(asset, name): score for asset, scores in by_asset.items() for name, score in scores.items()}
        return _put_together(today, {}, used, raw, (), ("equal_weight", "none", len(sample.days)), sample)
    basis, sessions, matrix = _pool(sample, settings)
    method = "symmetric" if settings.method == "symmetric" else "orthogonal"
    if basis == "none":
        reason = f"只有{matrix.shape[1]}个资产有评分，截面至少要{settings.min_assets}个"
        columns = tuple(ColumnBasis(name, dropped=reason) for name in settings.order)
    else:
        columns = fit_basis(matrix, settings)
    orth = orth_scores(columns, by_asset, method)
    return _put_together(today, orth, orth, raw, columns, (method, basis, sessions), sample)


def basis_rows(result: Synthesis, day: date, source: str) -> list[dict[str, object]]:
    """Rows of SCORE_BASIS."""
    return [
        {
            "date": pd.Timestamp(day),
            "factor": column.factor,
            "position": column.position,
            "values": column.values,
            "mean": column.mean,
            "std": column.std,
            "residual_std": column.residual_std,
            "coefficients": json.dumps(dict(column.coefficients)),
            "dropped": column.dropped,
            "basis": result.basis,
            "sessions": result.sessions,
            "source": source,
        }
        for column in result.columns
    ]


def _pool(sample: Sample, settings: Settings) -> tuple[str, int, np.ndarray]:
    """Which basis, over how many sessions, and its scores of shape (6, n_rows)."""
    if sum(block.shape[1] > 0 for block in sample.blocks) >= settings.min_sessions:
        return "pooled", len(sample.days), np.concatenate(sample.blocks, axis=1)
    today = sample.blocks[-1]
    return "cross_section" if today.shape[1] >= settings.min_assets else "none", 1, today


def _by_asset(today: Today) -> dict[str, dict[str, float]]:
    by_asset: dict[str, dict[str, float]] = {}
    for asset, factor, scored in today:
        scores = by_asset.setdefault(asset, {})
        if scored.score is None:
            continue
        if factor not in FACTORS or factor in scores or not 0.0 <= scored.score <= 100.0:
            saw = f"{factor} of {asset} is {scored.score}"
            raise BadInputError("reading factor scores", saw, "pass one score of 0 to 100 per known factor, or None")
        scores[factor] = scored.score
    return by_asset


def _put_together(
    today: Today,
    orth: Mapping[tuple[str, str], float],
    used: Mapping[tuple[str, str], float],
    raw: Mapping[str, float | None],
    columns: tuple[ColumnBasis, ...],
    labels: tuple[str, str, int],
    sample: Sample,
) -> Synthesis:
    keys = [(asset, factor) for asset, factor, _ in today]
    parts: dict[str, list[float]] = {asset: [] for asset in raw}
    for asset, factor in sorted(used):
        parts[asset].append(used[asset, factor])
    weights = {key: 1.0 / len(parts[key[0]]) if key in used else None for key in keys}
    total = {asset: _mean(scores) for asset, scores in parts.items()}
    return Synthesis({key: orth.get(key) for key in keys}, weights, total, raw, columns, *labels, sample)


def _mean(scores: Sequence[float]) -> float | None:
    return sum(sorted(scores)) / len(scores) if scores else None
