"""How far every feature has moved on every day, against its baseline and its null: rows of DRIFT without the stage.

A day's row depends on the daily figures up to that day and on the calendar month, never on the range asked for. Not
here: what follows from a level over days (`machine`).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import DriftConfig
from etf_platform.core.states import State
from etf_platform.drift.features import FEATURES, Feature
from etf_platform.drift.null import Null, null_of
from etf_platform.measures.distances import Distances, distances
from etf_platform.measures.multiplicity import benjamini_hochberg

STATES = {"stable": State.PASS, "alert": State.WARN, "major": State.FAIL, "unknown": State.BLOCKED}
MEASURES = ("psi", "psi_null", "ks", "ks_p", "wasserstein", "wasserstein_null")


def judge(
    daily: pd.DataFrame, dates: pd.DatetimeIndex, config: DriftConfig, features: Sequence[Feature] = FEATURES
) -> pd.DataFrame:
    """Distances, nulls and levels of features on the given dates.

    Parameters
    ----------
    daily : DataFrame of shape (n_sessions, n_features)
        As `features_of` gives it, from far enough back: `sessions_needed`.
    dates : DatetimeIndex
        Sessions to judge; all of them in the index of `daily`.
    features : sequence of Feature
        Those that apply; the false-discovery control is over them.

    Returns
    -------
    DataFrame
        `date`, `feature`, `baseline_n`, `recent_n`, `psi`, `psi_null`, `ks`, `ks_p`, `ks_q`, `wasserstein`,
        `wasserstein_null`, `level`, `state`, `reason`; one row per date and feature, by both. Wasserstein is NaN where
        the baseline has no spread.
    """
    rows = pd.DataFrame([row for each in features for row in _feature_rows(each, daily[each.name], dates, config)])
    rows = rows.sort_values(["date", "feature"], kind="stable").reset_index(drop=True)
    rows["ks_q"] = rows.groupby("date")["ks_p"].transform(lambda p: benjamini_hochberg(p.to_numpy()))
    rows["state"] = rows["level"].map(STATES).astype(str)
    finite = rows[["wasserstein", "wasserstein_null"]].replace(np.inf, np.nan)
    return rows.assign(wasserstein=finite["wasserstein"], wasserstein_null=finite["wasserstein_null"])


def sessions_needed(config: DriftConfig) -> int:
    """Sessions before a day that its rows can depend on, when every figure is known: null, gap, roll, month."""
    longest = max(each.window for each in FEATURES)
    return max(config.history, config.baseline + config.recent) + config.recent + 2 * longest + 25


def _feature_rows(
    feature: Feature, daily: pd.Series, dates: pd.DatetimeIndex, config: DriftConfig
) -> Iterator[dict[str, object]]:
    known = daily.dropna()
    days, figures = pd.DatetimeIndex(known.index), known.to_numpy(dtype=np.float64)
    needed = config.baseline + config.recent + feature.window - 1
    months = dates.to_period("M")
    for month in months.unique():
        null = null_of(feature, figures[: int(days.searchsorted(month.start_time))], month, config)
        for date in dates[months == month]:
            until = int(days.searchsorted(date, side="right"))
            if until == 0 or days[until - 1] != date:
                yield _unknown(feature, date, config, min(until, config.baseline), "missing")
            elif until < needed or null is None:
                yield _unknown(feature, date, config, min(until, config.baseline), "insufficient")
            else:
                window = feature.of(figures[until - needed : until])
                yield _row(feature, date, distances(window, config.baseline, config.bins), null, config)


def _row(feature: Feature, date: pd.Timestamp, found: Distances, null: Null, config: DriftConfig) -> dict[str, object]:
    psi, ks, wasserstein = (float(values[0]) for values in found)
    level, reason = _level(psi, wasserstein, null, config)
    return {
        "date": date,
        "feature": feature.name,
        "baseline_n": config.baseline,
        "recent_n": config.recent,
        "psi": psi,
        "psi_null": null.psi,
        "ks": ks,
        "ks_p": null.ks_probability(ks),
        "wasserstein": wasserstein,
        "wasserstein_null": null.wasserstein,
        "level": level,
        "reason": reason,
    }


def _unknown(feature: Feature, date: pd.Timestamp, config: DriftConfig, known: int, reason: str) -> dict[str, object]:
    counts = {"baseline_n": known, "recent_n": 0 if reason == "missing" else min(known, config.recent)}
    blank = dict.fromkeys(MEASURES, np.nan)
    return {"date": date, "feature": feature.name, **counts, **blank, "level": "unknown", "reason": reason}


def _level(psi: float, wasserstein: float, null: Null, config: DriftConfig) -> tuple[str, str]:
    """Level by the limits of PSI, held at stable inside the null; the reason names the figures."""
    if psi < config.psi_alert:
        return "stable", ""
    by = f"PSI {psi:.2f}, null {null.psi:.2f}"
    if null.is_tied(psi):
        by += f"; Wasserstein {wasserstein:.2f}, null {null.wasserstein:.2f}"
    if not null.is_exceeded(psi, wasserstein):
        return "stable", f"within its null: {by}"
    return ("major" if psi > config.psi_major else "alert"), by
