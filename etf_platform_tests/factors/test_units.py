"""The decorator, the series that kernels take, and the compiler's two promises."""

import numba
import numpy as np
import pytest

from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.units.factor import factor, grid
from etf_platform.factors import jit
from etf_platform.factors.compute import compute_arrays
from etf_platform.factors.kernels import position, trend
from etf_platform.factors.kernels.order import RANK_WINDOWS
from etf_platform.factors.series import dense_order, derive, required_columns

OFFSETS = np.array([0, 3, 5])
CLOSE = np.array([1.0, 2.0, 1.0, 10.0, 5.0])


def scaled(close, w, k, out):
    """Close times two numbers, for this test.

    References
    ----------
    Nobody (1900)
    """
    for i in range(out.size):
        out[i] = close[i] * w * k


def declared(**facts):
    told = {"inputs": ("close",), "name": "scaled_{w}_{k}", "unit": "x", "direction": 0, "bucket": "trend"}
    return factor(**(told | facts))(scaled)


def test_one_function_becomes_one_factor_per_parameter_set():
    units = declared(params=grid(w=(2, 3), k=(1.5, 2.0)))

    assert [unit.column for unit in units] == ["scaled_2_1_5", "scaled_2_2", "scaled_3_1_5", "scaled_3_2"]
    assert [unit.args for unit in units][:2] == [(2, 1.5), (2, 2.0)]
    assert [unit.warmup for unit in units] == [2, 2, 3, 3]


def test_title_and_source_come_from_the_docstring():
    unit = declared(params=grid(w=(2,), k=(1.0,)))[0]

    assert unit.title == "Close times two numbers, for this test."
    assert unit.source == "Nobody (1900)"


def test_a_symbol_shorter_than_the_warm_up_stays_silent():
    unit = declared(params=grid(w=(3,), k=(2.0,)))[0]

    values, _ = compute_arrays([unit], OFFSETS, {"close": CLOSE})

    np.testing.assert_array_equal(values[0], [6.0, 12.0, 6.0, np.nan, np.nan])


def test_an_unknown_series_is_refused_with_the_known_ones():
    unit = declared(params=grid(w=(3,), k=(2.0,)), inputs=("closing",))[0]

    with pytest.raises(UnknownUnitError, match="closing"):
        compute_arrays([unit], OFFSETS, {"close": CLOSE})


def test_returns_start_anew_with_every_symbol():
    values = derive("returns", {"close": CLOSE}, OFFSETS)

    np.testing.assert_array_equal(values, [np.nan, 1.0, -0.5, np.nan, -0.5])


def test_signed_volume_follows_the_change_of_the_close():
    values = derive("signed_volume", {"close": CLOSE, "volume": np.full(5, 100.0)}, OFFSETS)

    np.testing.assert_array_equal(values, [np.nan, 100.0, -100.0, np.nan, -100.0])


def test_true_range_reaches_to_the_previous_close():
    bars = {"high": np.array([5.0, 3.0]), "low": np.array([4.0, 2.0]), "close": np.array([4.5, 2.5])}

    np.testing.assert_array_equal(derive("true_range", bars, np.array([0, 2])), [np.nan, 2.5])


def test_order_counts_distinct_closes_per_symbol():
    order = dense_order(OFFSETS, CLOSE)

    np.testing.assert_array_equal(order, [0, 1, 0, 1, 0])
    assert order.dtype == np.int16


def test_order_tells_values_apart_that_differ_in_the_last_bit():
    step = np.spacing(1.0)
    values = np.array([1.0 + 2 * step, 1.0, np.nan, 1.0 + step, -0.0, 0.0, -2.0, np.inf, 1.0, -1.0])

    order = dense_order(np.array([0, 0, 10]), values)

    np.testing.assert_array_equal(order, [5, 3, -1, 4, 2, 2, 0, 6, 3, 1])


def test_standings_count_smaller_minus_larger_values_of_every_window():
    closes = np.random.default_rng(1).integers(1, 40, 300).astype(float)

    standings = derive("close_standings", {"close": closes}, np.array([0, 3, 300]))

    for w, column in zip(RANK_WINDOWS, standings.T, strict=True):
        windows = [closes[t - w + 1 : t + 1] for t in range(3 + w - 1, 300)]
        expected = [(window < window[-1]).sum() - (window > window[-1]).sum() for window in windows]
        np.testing.assert_array_equal(column[3 + w - 1 :], expected)


def test_derived_series_name_the_bar_columns_behind_them():
    assert required_columns(("true_range", "volume")) == ("high", "low", "close", "volume")


def test_a_changed_window_function_gives_its_kernels_a_new_cache_name(monkeypatch):
    kernel = trend.sma[0].kernel
    before = jit._name(kernel)

    monkeypatch.setitem(kernel.__globals__, "window_sum", trend.window_moments)

    assert jit._name(kernel) != before


def test_a_changed_constant_gives_its_kernels_a_new_cache_name(monkeypatch):
    kernel = position.rank[0].kernel
    before = jit._name(kernel)

    monkeypatch.setitem(kernel.__globals__, "RANK_WINDOWS", (5, 10))

    assert jit._name(kernel) != before


def test_kernels_run_where_no_cache_can_be_written(monkeypatch):
    real = numba.njit

    def without_locator(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*args, **options)

    monkeypatch.setattr(numba, "njit", without_locator)
    out = np.empty(2)
    jit._compile(scaled, {}, "scaled_uncached")(np.array([1.0, 2.0]), 3, 0.5, out)

    np.testing.assert_array_equal(out, [1.5, 3.0])
