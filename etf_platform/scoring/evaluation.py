"""How scores, bands and probabilities did afterwards, judged on a day from outcomes that were known on it.

Here: rank IC, returns after each band, Brier scores and calibration, each with an 80 % interval. Not here: whether
that is good enough (`fuses`), pictures (`reports`).

The return of session s over h sessions is known on session s + h: an evaluation of day d reads no row after s = d - h.
Neighbouring outcomes overlap and assets move together, so a session counts once and only sessions h apart count as
independent: shares have Wilson's interval at that number, other figures one from resampled blocks of h sessions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.measures.association import average_ranks, rank_ic
from etf_platform.measures.proportions import wilson_interval
from etf_platform.scoring.basis import FACTORS
from etf_platform.scoring.judgement import DIRECTIONS
from etf_platform.scoring.probability import spaced
from etf_platform.scoring.resampling import ratio_intervals

HORIZONS = (5, 20, 60)
PROBABILITIES = (20, 60)
WINDOW = 250
LEVEL = 0.80
DRAWS = 200
SEED = 20240816
ENOUGH = 3
EVERY_BAND = "全部"
DECILES = 10


@dataclass(frozen=True)
class Past:
    """What was said and what came, as arrays of shape (n_sessions, n_assets); NaN is unknown.

    Attributes
    ----------
    sessions : DatetimeIndex
        Every session, rising.
    scores : mapping of (subject, name) to ndarray
    bands : ndarray of int
        Place in `judgement.DIRECTIONS`; -1 for 数据不足.
    probabilities, base_rates : mapping of horizon to ndarray
    returns : mapping of horizon to ndarray
        Row s: return from s over the horizon; known on session s + horizon.
    ics : mapping of (subject, name, horizon) to ndarray of shape (n_sessions,)
        Rank IC of row s; known as the returns are.
    """

    sessions: pd.DatetimeIndex
    scores: Mapping[tuple[str, str], np.ndarray]
    bands: np.ndarray
    probabilities: Mapping[int, np.ndarray]
    base_rates: Mapping[int, np.ndarray]
    returns: Mapping[int, np.ndarray]
    ics: Mapping[tuple[str, str, int], np.ndarray]


@dataclass(frozen=True)
class _Figure:
    """A ratio of sums over sessions: `over`, `under` and `count` (observations) of shape (n_sessions,)."""

    subject: str
    name: str
    measure: str
    over: np.ndarray
    under: np.ndarray
    count: np.ndarray
    bin: str = ""

    @property
    def is_share(self) -> bool:
        return self.measure in ("hit_rate", "calibration")


def past_of(
    factor_scores: pd.DataFrame, scores: pd.DataFrame, closes: pd.DataFrame, horizons: Sequence[int] = HORIZONS
) -> Past:
    """Scores and what came after, once for all days that are to be evaluated.

    Parameters
    ----------
    factor_scores, scores : DataFrame
        Rows of FACTOR_SCORES and ASSET_SCORES.
    closes : DataFrame of shape (n_sessions, n_assets)
        Every XSHG session in the index, every asset of the configuration in the columns: on each session the newest
        adjusted close that could be known at its run; NaN without any. For a day alone, rows from `WINDOW` plus the
        longest horizon sessions before it give the same bits as the whole history.

    Raises
    ------
    BadInputError
        Sessions that do not rise, or a close that is not positive.
    """
    grid = closes.sort_index(axis=1)
    prices = grid.to_numpy(dtype=np.float64)
    sessions = pd.DatetimeIndex(grid.index)
    if not (sessions.is_monotonic_increasing and sessions.is_unique) or bool((prices <= 0.0).any()):
        raise BadInputError(
            "evaluating scores", "sessions that do not rise, or a close that is not positive", "check the closes"
        )
    factors = factor_scores[factor_scores["available"].astype(bool)]
    said = {("factor", name): _wide(factors[factors["factor"] == name], "score", grid) for name in FACTORS}
    said |= {("total", "total_score"): _wide(scores, "total_score", grid)}
    said |= {("raw_total", "raw_total"): _wide(scores, "raw_total", grid)}
    returns = {h: _forward(prices, h) for h in horizons}
    ics = {(*key, h): rank_ic(matrix, returns[h]) for key, matrix in said.items() for h in horizons}
    known = [h for h in PROBABILITIES if h in horizons and f"up_prob_{h}" in scores.columns]
    return Past(
        sessions,
        said,
        _bands(scores, grid),
        {h: _wide(scores, f"up_prob_{h}", grid) for h in known},
        {h: _wide(scores, f"base_rate_{h}", grid) for h in known if f"base_rate_{h}" in scores.columns},
        returns,
        ics,
    )


def evaluate(past: Past, day: date, source: str, window: int = WINDOW) -> list[dict[str, object]]:
    """Rows of SCORE_EVALUATION of one session.

    Measures: `rank_ic`, mean over sessions with five assets or more; `hit_rate` and `mean_return` of each band and of
    全部, a hit being a positive return whatever the band (few hits speak for 看空); `brier`, `brier_base` and `skill`
    = 1 - brier / brier_base, on the same observations; `calibration`, share of positive returns in each decile of the
    probability (01 to 10, ties together), and `predicted`, the mean probability in it. A return of 0 is no hit.

    Parameters
    ----------
    window : int
        Sessions looked back on: the newest whose outcome is known on `day`.

    Returns
    -------
    list of dict
        `value` is None without observations; `low` and `high` with fewer than three independent sessions.

    Raises
    ------
    BadInputError
        `day` is no session of `past`.
    """
    at = int(past.sessions.searchsorted(pd.Timestamp(day)))
    if at == len(past.sessions) or past.sessions[at] != pd.Timestamp(day):
        raise BadInputError("evaluating scores", f"{day} is no session of the closes", "pass closes up to the day")
    rows: list[dict[str, object]] = []
    for horizon in past.returns:
        stop = max(0, at + 1 - horizon)
        figures = list(_figures(past, slice(max(0, stop - window), stop), horizon))
        rows += _rows(figures, horizon, {"date": pd.Timestamp(day), "source": source})
    return rows


def _wide(rows: pd.DataFrame, column: str, grid: pd.DataFrame) -> np.ndarray:
    wide = rows.pivot(index="date", columns="asset", values=column).reindex(index=grid.index, columns=grid.columns)
    return wide.to_numpy(dtype=np.float64, na_value=np.nan)


def _bands(scores: pd.DataFrame, grid: pd.DataFrame) -> np.ndarray:
    codes = {direction: float(place) for place, direction in enumerate(DIRECTIONS)}
    placed = scores[["date", "asset"]].assign(code=scores["direction"].map(codes).astype(np.float64))
    return np.nan_to_num(_wide(placed, "code", grid), nan=-1.0).astype(np.int64)


def _forward(prices: np.ndarray, horizon: int) -> np.ndarray:
    ahead = np.full(prices.shape, np.nan)
    ahead[: max(0, len(prices) - horizon)] = prices[horizon:] / prices[: max(0, len(prices) - horizon)] - 1.0
    return ahead


def _figures(past: Past, rows: slice, horizon: int) -> Iterator[_Figure]:
    for subject, name in past.scores:
        ics = past.ics[subject, name, horizon][rows]
        known = np.isfinite(ics).astype(np.float64)
        yield _Figure(subject, name, "rank_ic", np.nan_to_num(ics), known, known)
    returns = past.returns[horizon][rows]
    bands = np.where(np.isfinite(returns), past.bands[rows], -1)
    for place, name in enumerate((*DIRECTIONS, EVERY_BAND)):
        yield from _after(name, bands >= 0 if name == EVERY_BAND else bands == place, returns)
    if horizon in past.probabilities:
        base = past.base_rates.get(horizon)
        yield from _scored(
            f"up_prob_{horizon}", past.probabilities[horizon][rows], None if base is None else base[rows], returns
        )


def _after(name: str, chosen: np.ndarray, returns: np.ndarray) -> Iterator[_Figure]:
    count = chosen.sum(axis=1).astype(np.float64)
    yield _Figure("band", name, "hit_rate", (chosen & (returns > 0.0)).sum(axis=1).astype(np.float64), count, count)
    yield _Figure("band", name, "mean_return", np.where(chosen, returns, 0.0).sum(axis=1), count, count)


def _scored(name: str, predicted: np.ndarray, base: np.ndarray | None, returns: np.ndarray) -> Iterator[_Figure]:
    chosen = np.isfinite(predicted) & np.isfinite(returns)
    if base is not None:
        chosen &= np.isfinite(base)
    came = (returns > 0.0).astype(np.float64)
    count = chosen.sum(axis=1).astype(np.float64)
    brier = _squares(predicted, came, chosen)
    yield _Figure("probability", name, "brier", brier, count, count)
    if base is not None:
        plain = _squares(base, came, chosen)
        yield _Figure("probability", name, "brier_base", plain, count, count)
        yield _Figure("probability", name, "skill", plain - brier, plain, count)
    yield from _calibration(name, predicted, came, chosen)


def _squares(predicted: np.ndarray, came: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    summed: np.ndarray = np.where(chosen, (predicted - came) ** 2, 0.0).sum(axis=1)
    return summed


def _calibration(name: str, predicted: np.ndarray, came: np.ndarray, chosen: np.ndarray) -> Iterator[_Figure]:
    n = len(chosen)
    days, _ = np.nonzero(chosen)
    said, hit = predicted[chosen], came[chosen]
    deciles = ((average_ranks(said) - 0.5) * DECILES / max(1, said.size)).astype(np.int64)
    places = deciles * n + days
    counts, hits, sums = (
        np.bincount(places, weights=values, minlength=DECILES * n).reshape(DECILES, n)
        for values in (np.ones(said.size), hit, said)
    )
    for decile in np.unique(deciles):
        count, label = counts[decile], f"{decile + 1:02d}"
        yield _Figure("probability", name, "calibration", hits[decile], count, count, label)
        yield _Figure("probability", name, "predicted", sums[decile], count, count, label)


def _rows(figures: Sequence[_Figure], horizon: int, fixed: Mapping[str, object]) -> list[dict[str, object]]:
    over, under = (np.array([getattr(figure, side) for figure in figures]) for side in ("over", "under"))
    intervals = ratio_intervals(over, under, horizon, LEVEL, DRAWS, SEED)
    rows = []
    for figure, interval in zip(figures, intervals, strict=True):
        independent = _independent((figure.count > 0.0).tobytes(), horizon)
        total = figure.under.sum()
        value = float(figure.over.sum() / total) if total > 0.0 else None
        low, high = interval if independent >= ENOUGH else (None, None)
        if figure.is_share and value is not None and independent >= ENOUGH:
            low, high = wilson_interval(value * independent, independent, LEVEL)
        rows.append(
            {
                **fixed,
                "subject": figure.subject,
                "name": figure.name,
                "horizon": horizon,
                "measure": figure.measure,
                "bin": figure.bin,
                "value": value,
                "low": low,
                "high": high,
                "n": int(figure.count.sum()),
                "n_effective": independent,
            }
        )
    return rows


@lru_cache(maxsize=256)
def _independent(is_there: bytes, horizon: int) -> int:
    """Sessions that are `horizon` or more apart, of those that have an observation."""
    return len(spaced(np.flatnonzero(np.frombuffer(is_there, dtype=bool)), horizon))
