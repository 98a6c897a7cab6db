"""The exception tests per series, method and level, and what follows from them.

Here: rows of the table COVERAGE. Not here: the tests themselves (`measures`), the fuse that holds a release.

Lights and actions: green none; yellow review within one business day; red, or two majors, freeze. A major is a test
rejected at 5 % in the dangerous direction; tests that see the same fault count once: frequency (Kupiec with too many
breaches, or Z2), clustering (independence), size of the losses beyond VaR (McNeil-Frey).
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.states import State
from etf_platform.core.tables import COVERAGE
from etf_platform.measures import exception_tests, shortfall_tests
from etf_platform.risk.forecasts import empty, names_of

Rows: TypeAlias = dict[str, np.ndarray]  # columns of TESTED, by day
Judged: TypeAlias = tuple[tuple[Any, ...], Rows | None, str]  # key, rows to test, source
GROUP = list(COVERAGE.key)
TESTED = ("date", "is_breach", "return", "var", "es", "sigma")
SIGNIFICANT = 0.05
NONE, REVIEW, FREEZE = "none", "review within one business day", "freeze"
STATES = {"green": (State.PASS, NONE), "yellow": (State.WARN, REVIEW), "red": (State.FAIL, FREEZE)}
UNTESTED = ("kupiec", "kupiec_p", "tuff", "independence", "conditional", "z1", "z2", "z2_p", "mcneil_frey_p")


def coverage_rows(exceptions: pd.DataFrame, config: RiskConfig, forecasts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Tests over the last `test_window` sessions of every series, for every method and level.

    A method without a forecast for some of these sessions is tested on the others, never on older ones: what it was
    worth long ago must not pass for today. Two forecasts that follow one another in its sequence count as neighbours.

    Parameters
    ----------
    exceptions : DataFrame
        Table EXCEPTIONS.
    config : RiskConfig
        Fewer than `min_forecasts` is BLOCKED `insufficient`: counts are given, no test, no light.
    forecasts : DataFrame, optional
        Table FORECASTS: its series, methods and levels without any exception row are listed as BLOCKED too, instead
        of not at all.

    Returns
    -------
    DataFrame
        Columns of COVERAGE, sorted by its key.
    """
    judged = [*_groups(exceptions, config.test_window), *_silent(exceptions, forecasts)]
    rows = [_row(dict(zip(GROUP, key, strict=True)), group, config, source) for key, group, source in judged]
    if not rows:
        return empty(COVERAGE)
    table = pd.DataFrame(rows).assign(is_governing=lambda t: _governs(t, config))
    for name in ("first_date", "last_date", "worst_date"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[ns]")
    return table[names_of(COVERAGE)].sort_values(GROUP, ignore_index=True)


def _groups(exceptions: pd.DataFrame, test_window: int) -> Iterator[Judged]:
    """Rows of the last sessions by key; None for a method that had no forecast for any of its series' last sessions."""
    if not len(exceptions):
        return
    rows = exceptions.sort_values([*GROUP, "date"], ignore_index=True)
    columns = {name: rows[name].to_numpy() for name in TESTED}
    series, keys = rows["series"].to_numpy(dtype=object), rows[GROUP].drop_duplicates()
    starts, sources = keys.index.to_numpy(), rows["source"].to_numpy(dtype=object)
    since = {name: np.unique(columns["date"][series == name])[-test_window:][0] for name in keys["series"].unique()}
    ends = [*starts[1:], len(rows)]
    for key, start, end in zip(keys.itertuples(index=False, name=None), starts, ends, strict=True):
        first = start + int(columns["date"][start:end].searchsorted(since[key[0]]))
        recent = {name: column[first:end] for name, column in columns.items()} if first < end else None
        yield key, recent, str(sources[end - 1])


def _silent(exceptions: pd.DataFrame, forecasts: pd.DataFrame | None) -> list[Judged]:
    if forecasts is None or not len(forecasts):
        return []
    heard = set(exceptions[GROUP].drop_duplicates().itertuples(index=False, name=None)) if len(exceptions) else set()
    asked = forecasts.groupby(GROUP)["source"].last().reset_index().itertuples(index=False, name=None)
    return [(key, None, source) for *names, source in asked if (key := tuple(names)) not in heard]


def _governs(table: pd.DataFrame, config: RiskConfig) -> pd.Series:
    return (table["method"] == config.governing_method) & np.isclose(table["level"], config.governing_level)


def _row(key: dict[str, Any], rows: Rows | None, config: RiskConfig, source: str) -> dict[str, Any]:
    found = _counts(rows, 1.0 - key["level"], config) | {"source": source}
    if rows is None or rows["date"].size < config.min_forecasts:
        saw = f"insufficient: {found['n_forecasts']} forecasts, at least {config.min_forecasts} are needed"
        blocked = {"light": "", "status": State.BLOCKED.value, "reason": saw, "action": NONE}
        return key | found | dict.fromkeys(UNTESTED, np.nan) | blocked
    tests = _frequency(rows, 1.0 - key["level"]) | _severity(rows, 1.0 - key["level"], config.seed)
    return key | found | tests | _verdict(found | tests)


def _counts(rows: Rows | None, rate: float, config: RiskConfig) -> dict[str, Any]:
    if rows is None:
        nothing = {"n_forecasts": 0, "n_breaches": 0, "expected": 0.0, "clusters": "", "worst": np.nan}
        return nothing | dict.fromkeys(("first_date", "last_date", "worst_date"), pd.NaT)
    breach, days = rows["is_breach"].astype(bool), rows["date"].astype("datetime64[D]")
    losses = np.where(breach, rows["return"].astype(float), np.inf)
    worst = int(losses.argmin()) if breach.any() else None
    return {
        "first_date": pd.Timestamp(days[0]),
        "last_date": pd.Timestamp(days[-1]),
        "n_forecasts": days.size,
        "n_breaches": int(breach.sum()),
        "expected": rate * days.size,
        "clusters": ", ".join(days[exception_tests.clustered(breach, config.cluster_sessions)].astype(str)),
        "worst": np.nan if worst is None else float(losses[worst]),
        "worst_date": pd.NaT if worst is None else pd.Timestamp(days[worst]),
    }


def _frequency(rows: Rows, rate: float) -> dict[str, Any]:
    breach = rows["is_breach"].astype(bool)
    n, x = breach.size, int(breach.sum())
    kupiec = exception_tests.kupiec(n, x, rate)
    return {
        "kupiec": kupiec,
        "kupiec_p": exception_tests.p_value(kupiec),
        "tuff": exception_tests.tuff(int(breach.argmax()) + 1 if x else None, rate),
        "independence": exception_tests.independence(breach),
        "conditional": exception_tests.conditional_coverage(breach, rate),
        "light": exception_tests.traffic_light(n, x, rate),
    }


def _severity(rows: Rows, rate: float, seed: int) -> dict[str, float]:
    """Tests of the expected shortfall; the null of Z2 is the Student-t law with the forecasts' mean ES over VaR."""
    series, var, es, sigma = (rows[name].astype(float) for name in ("return", "var", "es", "sigma"))
    positive = (var > 0.0) & (es > 0.0)
    if not positive.all() or not np.isfinite(es).all():
        return dict.fromkeys(("z1", "z2", "z2_p", "mcneil_frey_p"), float("nan"))
    law = shortfall_tests.fitting_law(rate, float((es / var).mean()))
    statistic = shortfall_tests.z2(series, var, es, rate)
    return {
        "z1": shortfall_tests.z1(series, var, es),
        "z2": statistic,
        "z2_p": shortfall_tests.z2_p_value(statistic, series.size, law, seed=seed),
        "mcneil_frey_p": shortfall_tests.mcneil_frey(series, var, es, sigma, seed=seed),
    }


def majors(found: dict[str, Any]) -> list[str]:
    """What the tests of a row reject at 5 % in the dangerous direction, one entry per kind of fault."""
    too_many = found["kupiec"] > exception_tests.REJECT_ONE and found["n_breaches"] > found["expected"]
    seen = {
        "too many breaches": too_many or found["z2_p"] < SIGNIFICANT,
        "breaches follow breaches": found["independence"] > exception_tests.REJECT_ONE,
        "losses beyond VaR larger than ES": found["mcneil_frey_p"] < SIGNIFICANT,
    }
    return [fault for fault, is_seen in seen.items() if is_seen]


def _verdict(found: dict[str, Any]) -> dict[str, Any]:
    faults, light = majors(found), found["light"]
    state, action = STATES["red"] if len(faults) > 1 else STATES[light]
    if state is State.PASS:
        return {"status": state.value, "reason": "", "action": action}
    counted = f"{light}: {found['n_breaches']} breaches, {found['expected']:.1f} expected"
    return {"status": state.value, "reason": "; ".join([counted, *faults]), "action": action}
