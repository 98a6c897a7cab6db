"""The behavioural look-ahead check finds leaks by what a function does, never by how it is written."""

from typing import Any

import pandas as pd
import pytest

from etf_platform.core.config.models import FusesConfig, LookAhead
from etf_platform.core.states import State
from etf_platform.fuses.look_ahead import change_future, draw_cuts, first_difference, t_plus_1


def _panel(bars: pd.DataFrame, per_symbol: Any) -> pd.DataFrame:
    ordered = bars.sort_values(["date", "symbol"], ignore_index=True)
    return ordered[["date", "symbol"]].assign(source="test", F=ordered.groupby("symbol")["close"].transform(per_symbol))


LEAKS = {
    "a z-score over the full sample": lambda bars: _panel(bars, lambda close: (close - close.mean()) / close.std()),
    "a centred mean": lambda bars: _panel(bars, lambda close: close.rolling(5, center=True).mean()),
    "a shift by minus one": lambda bars: _panel(bars, lambda close: close.shift(-1)),
    "the number of sessions to come": lambda bars: _panel(bars, lambda close: float(len(close))),
    "a factor restated by later adjustment": lambda bars: _panel(
        bars.assign(close=bars["close"] * bars["adj_factor"] / bars["adj_factor"].iloc[-1]), lambda close: close
    ),
}


@pytest.mark.parametrize("leaking", LEAKS.values(), ids=LEAKS)
def test_a_leaking_panel_fails(leaking: Any, good: Any) -> None:
    """Each leak is caught and the reason names the column and the cut date."""
    reading = good.with_context(compute_panel=leaking, compute_targets=None).judge(t_plus_1)

    assert reading.state is State.FAIL
    assert reading.reason.startswith("panel knows data after 2024-")
    assert " F of 5" in reading.reason


def test_leaking_targets_fail(good: Any) -> None:
    """An honest panel does not excuse a strategy that looks at tomorrow's close."""

    def targets(bars: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
        return _panel(bars, lambda close: close.pct_change().shift(-1))

    reading = good.with_context(compute_targets=targets).judge(t_plus_1)

    assert reading.state is State.FAIL
    assert reading.reason.startswith("targets knows data after")


def test_the_shifted_export_must_be_one_row_late(good: Any) -> None:
    """A row of the export knows the session before: changing a day leaves that day's row; an unshifted one fails."""
    honest = good.with_context(compute_export=lambda bars: _panel(bars, lambda close: close.shift(1))).judge(t_plus_1)
    unshifted = good.with_context(compute_export=lambda bars: _panel(bars, lambda close: close * 1.0)).judge(t_plus_1)

    assert honest.state is State.PASS
    assert honest.details["compared"] == ["export", "panel", "targets"]
    assert unshifted.state is State.FAIL
    assert unshifted.reason.startswith("export knows data after")


def test_a_panel_without_numbers_is_blocked_not_passed(good: Any) -> None:
    """Comparing nothing with nothing proves nothing."""
    empty = good.with_context(
        compute_panel=lambda bars: _panel(bars, lambda close: close * float("nan")), compute_targets=None
    )

    assert empty.judge(t_plus_1).state is State.BLOCKED


def test_a_check_over_its_time_fails_and_says_so(good: Any) -> None:
    """An endless check is a failed check."""
    slow = good.with_context(settings=FusesConfig(look_ahead=LookAhead(seconds=1e-6)))

    assert slow.judge(t_plus_1).state is State.FAIL
    assert "the check took" in slow.judge(t_plus_1).reason


def test_only_the_last_sessions_are_computed_again(good: Any) -> None:
    """The cost does not grow with the history; the cuts lie in the last third of what is computed."""
    seen = []

    def watched(bars: pd.DataFrame) -> pd.DataFrame:
        seen.append(bars["date"].min())
        return _panel(bars, lambda close: close.pct_change(3))

    settings = FusesConfig(look_ahead=LookAhead(sessions=40))
    reading = good.with_context(settings=settings, compute_panel=watched, compute_targets=None).judge(t_plus_1)

    assert reading.state is State.PASS
    assert set(seen) == {good.context.sessions[60]}
    assert min(reading.details["cuts"]) >= f"{good.context.sessions[86]:%Y-%m-%d}"


def test_cut_dates_are_repeatable_distinct_and_have_a_future(good: Any) -> None:
    """The same last date gives the same cuts, all in the last third and before the last session."""
    bars = good.tables["bars"]

    cuts = draw_cuts(bars, 3)

    assert cuts == draw_cuts(bars, 3)
    assert len(set(cuts)) == 3
    assert all(good.context.sessions[66] <= cut < bars["date"].max() for cut in cuts)


def test_changing_the_future_leaves_the_past_alone(good: Any) -> None:
    """Rows up to the cut are identical, rows after it differ in price, volume and adjustment, and some vanish."""
    import numpy as np

    bars, cut = good.tables["bars"], good.context.sessions[60]
    changed = change_future(bars, cut, np.random.default_rng(1))
    later = changed[changed["date"] > cut].merge(bars, on=["date", "symbol"], suffixes=("", "_was"))

    pd.testing.assert_frame_equal(changed[changed["date"] <= cut], bars[bars["date"] <= cut])
    assert len(changed) < len(bars)
    for name in ("close", "prev_close", "volume", "amount", "adj_factor"):
        assert (later[name] != later[f"{name}_was"]).all()
    assert (later["high"] >= later["close"]).all()


def test_a_difference_in_the_last_bit_is_a_difference(good: Any) -> None:
    """The comparison knows no tolerance."""
    import numpy as np

    panel, cut = good.tables["panel"], good.context.sessions[60]
    row = panel.index[(panel["date"] == cut) & (panel["symbol"] == "510300.SH")]
    nudged = panel.copy()
    nudged.loc[row, "MOM_3"] = np.nextafter(panel.loc[row, "MOM_3"], 1.0)

    assert first_difference(panel, nudged, cut) == f"MOM_3 of 510300.SH on {cut:%Y-%m-%d} (1 rows)"
    assert first_difference(panel, nudged, good.context.sessions[59]) == ""
    assert first_difference(panel, panel.iloc[::-1], cut) == ""
