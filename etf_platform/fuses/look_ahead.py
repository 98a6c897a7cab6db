"""Check 1: no row knows its future. A behaviour test; it reads no source text.

Bars after a drawn cut date are changed at random (prices, volumes, adjustment, missing rows), everything is computed
again, and rows up to the cut must come out bit for bit as before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.places import rows_between
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PRICES = ("open", "high", "low", "close")
DROPPED = 0.1  # share of future rows that are taken away
KEY = ["date", "symbol"]


@fuse(guards="factors/panel", on_fail="halt", limit="settings.look_ahead.seconds")
def t_plus_1(bars: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Rows of the panel and of the targets do not change when everything after their date changes.

    Observed is the processor time of the check in seconds, because a busy machine must not stop a pool; slower than the
    limit is a FAIL. The last `look_ahead.sessions` are computed again; the cut dates are drawn from their last third,
    where windows are full and directions learnt, seeded by the last date, so that a verdict can be repeated. Rows of
    the shifted export know the session before: they are compared up to the session after the cut.
    """
    started = time.process_time()
    bars = last_sessions(bars, context.settings.look_ahead.sessions)
    before = _outputs(bars, context)
    cuts = draw_cuts(bars, context.settings.look_ahead.cuts)
    details: dict[str, object] = {"cuts": [f"{cut:%Y-%m-%d}" for cut in cuts], "compared": sorted(before)}
    for cut, changed in _changed_futures(bars, cuts):
        leak = _leak(before, _outputs(changed, context), cut, _next_session(bars, cut))
        seconds = time.process_time() - started
        if leak:
            return Reading(seconds, passed=False, reason=leak, details=details)
        if seconds > limit:
            return Reading(
                seconds, passed=False, reason=f"the check took {seconds:.1f} s of {limit:g} s", details=details
            )
    return Reading(time.process_time() - started, passed=True, details=details)


@fuse(guards="backtest/fills", on_fail="hold", limit=0)
def fills_after_decisions(fills: pd.DataFrame, limit: float) -> Reading:
    """Every fill is dated after the close that its decision knows."""
    early = fills[fills["date"] <= fills["decision_date"]]
    where = [f"{row.symbol} {row.date:%Y-%m-%d}" for row in early.head(5).itertuples()]
    reason = f"{len(early)} fills on or before their decision: {', '.join(where)}" if where else ""
    return Reading(float(len(early)), passed=len(early) <= limit, reason=reason)


def last_sessions(bars: pd.DataFrame, n: int) -> pd.DataFrame:
    """Bars of the last `n` sessions: a function that looks ahead does so on any history, and the cost stays bounded."""
    days = bars["date"].drop_duplicates().sort_values()
    return bars if len(days) <= n else rows_between(bars, days.iloc[-n], None).reset_index(drop=True)


def draw_cuts(bars: pd.DataFrame, n: int) -> list[pd.Timestamp]:
    """`n` distinct sessions of the last third (never the last one), the same for the same last date; sorted.

    Raises
    ------
    InsufficientDataError
        Fewer than four sessions.
    """
    import numpy as np
    import pandas as pd

    sessions = pd.DatetimeIndex(np.sort(bars["date"].unique()))
    if len(sessions) < 4:
        raise InsufficientDataError("drawing cut dates", f"{len(sessions)} sessions", "load at least four")
    candidates = sessions[2 * len(sessions) // 3 : -1]
    rng = np.random.default_rng(sessions[-1].toordinal())
    drawn = rng.choice(len(candidates), size=min(n, len(candidates)), replace=False)
    return list(candidates[np.sort(drawn)])


def change_future(bars: pd.DataFrame, cut: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    """The same bars up to `cut`; later ones with other prices, volumes and adjustment, one in ten of them missing."""
    future = (bars["date"] > cut).to_numpy()
    kept = ~future | (rng.random(len(bars)) >= DROPPED)
    changed, rows = bars[kept].copy(), future[kept]

    def factor() -> np.ndarray:
        drawn = rng.uniform(0.5, 2.0, len(rows))
        drawn[~rows] = 1.0
        return drawn

    price, quantity = factor(), factor()
    for names, by in (
        (PRICES, price),
        (("prev_close",), factor()),
        (("volume", "amount"), quantity),
        (("adj_factor",), factor()),
    ):
        for name in names:
            changed[name] = changed[name].to_numpy() * by
    return changed.reset_index(drop=True)


def first_difference(before: pd.DataFrame, after: pd.DataFrame, until: pd.Timestamp) -> str:
    """Where two tables keyed by date and symbol differ up to `until`; empty when bit-identical (NaN equals NaN).

    Raises
    ------
    InsufficientDataError
        No number is defined up to `until`, so that equality would say nothing.
    """
    import numpy as np
    import pandas as pd

    if _same_bits(before, after, until):
        return ""
    left, right = _positions(before, until), _positions(after, until)
    keys = before.iloc[left][KEY].reset_index(drop=True)
    if not keys.equals(after.iloc[right][KEY].reset_index(drop=True)) or list(before) != list(after):
        return "rows or columns appear or vanish"
    defined = 0
    for name in before.columns:
        a, b = before[name].to_numpy()[left], after[name].to_numpy()[right]
        defined += int(np.isfinite(a).sum()) if a.dtype.kind == "f" else 0
        differs = ~((a == b) | (pd.isna(a) & pd.isna(b)))
        if differs.any():
            row = keys.iloc[int(np.argmax(differs))]
            return f"{name} of {row['symbol']} on {row['date']:%Y-%m-%d} ({int(differs.sum())} rows)"
    if not defined:
        raise InsufficientDataError(
            f"comparing rows up to {until:%Y-%m-%d}", "no number is defined", "load more history"
        )
    return ""


def _same_bits(before: pd.DataFrame, after: pd.DataFrame, until: pd.Timestamp) -> bool:
    """Whether tables sorted by date are cheaply seen to be equal up to `until`, with a number in them."""
    import numpy as np

    if list(before) != list(after) or not (_is_ordered(before) and _is_ordered(after)):
        return False
    rows = int(before["date"].searchsorted(until, side="right"))
    if rows != int(after["date"].searchsorted(until, side="right")):
        return False
    left, right = before.iloc[:rows], after.iloc[:rows]
    numbers = np.flatnonzero([dtype.kind == "f" for dtype in before.dtypes])
    others = np.setdiff1d(np.arange(before.shape[1]), numbers)
    bits, later_bits = _bits(left, numbers), _bits(right, numbers)
    same = bits.dtype == later_bits.dtype and np.array_equal(bits, later_bits)
    is_defined = any(np.isfinite(left.iloc[:, k].to_numpy()).any() for k in numbers.tolist())
    return same and is_defined and left.iloc[:, others].equals(right.iloc[:, others])


def _is_ordered(frame: pd.DataFrame) -> bool:
    return bool(frame["date"].is_monotonic_increasing)


def _bits(frame: pd.DataFrame, numbers: np.ndarray) -> np.ndarray:
    """Columns of numbers as whole numbers, one row each; a view where they stand together, as in a panel."""
    import numpy as np

    together = numbers.size > 0 and numbers[-1] - numbers[0] + 1 == numbers.size
    chosen = frame.iloc[:, int(numbers[0]) : int(numbers[-1]) + 1] if together else frame.iloc[:, numbers]
    values = chosen.to_numpy().T
    if values.strides[-1] != values.itemsize:
        values = np.ascontiguousarray(values)
    return values.view(f"u{values.itemsize}") if values.dtype.kind == "f" else values


def _positions(frame: pd.DataFrame, until: pd.Timestamp) -> np.ndarray:
    import numpy as np

    past = np.flatnonzero((frame["date"] <= until).to_numpy())
    symbols, dates = frame["symbol"].to_numpy(dtype=object)[past].astype(str), frame["date"].to_numpy()[past]
    return past[np.lexsort((symbols, dates))]


def _outputs(bars: pd.DataFrame, context: FuseContext) -> dict[str, pd.DataFrame]:
    panel = context.need("compute_panel")(bars)
    outputs = {"panel": panel}
    if context.compute_targets is not None:
        outputs["targets"] = context.compute_targets(bars, panel)
    if context.compute_export is not None:
        outputs["export"] = context.compute_export(bars)
    return outputs


def _changed_futures(bars: pd.DataFrame, cuts: list[pd.Timestamp]) -> Iterator[tuple[pd.Timestamp, pd.DataFrame]]:
    import numpy as np

    for cut in cuts:
        yield cut, change_future(bars, cut, np.random.default_rng(cut.toordinal()))


def _next_session(bars: pd.DataFrame, cut: pd.Timestamp) -> pd.Timestamp:
    return bars.loc[bars["date"] > cut, "date"].min()


def _leak(
    before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame], cut: pd.Timestamp, following: pd.Timestamp
) -> str:
    for name, frame in before.items():
        where = first_difference(frame, after[name], cut)
        if not where and name == "export":
            where = _export_difference(frame, after[name], following)
        if where:
            return f"{name} knows data after {cut:%Y-%m-%d}: {where}"
    return ""


def _export_difference(before: pd.DataFrame, after: pd.DataFrame, following: pd.Timestamp) -> str:
    common = before[KEY].merge(after[KEY])  # rows that were taken away cannot be compared
    return first_difference(before.merge(common), after.merge(common), following)
