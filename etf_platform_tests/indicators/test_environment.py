"""Market environment and trend direction on means made by hand, and the rolling means below them."""

import numpy as np
import pytest

from etf_platform.indicators.environment import directions, environments, relative_slope
from etf_platform.indicators.recursions import partial_mean, rolling_mean, wilder_mean

ROWS = np.arange(30)


def mean_of_slope(slope):
    """A straight line whose slope is this fraction of its last value, which is 100."""
    return 100.0 + 100.0 * slope * (ROWS - ROWS[-1])


def close_at(mean, gap):
    return mean * (1.0 + gap)


def test_the_slope_of_a_straight_line_is_its_step():
    assert relative_slope(mean_of_slope(0.004), 20)[-1] == pytest.approx(0.004, rel=1e-12)
    assert relative_slope(mean_of_slope(0.004), 5)[-1] == pytest.approx(0.004, rel=1e-12)
    assert relative_slope(np.full(30, 100.1), 20)[-1] == 0.0
    assert np.isnan(relative_slope(mean_of_slope(0.004), 20)[18])


@pytest.mark.parametrize(
    ("slope", "gap", "word"),
    [
        (0.002, 0.0, "bull"),
        (0.002, 0.5, "bull"),
        (-0.002, 0.0, "bear"),
        (-0.002, -0.5, "bear"),
        (0.002, -0.02, "oscillate"),
        (0.0009, 0.02, "oscillate"),
        (0.0009, 0.031, "transition"),
        (0.006, -0.01, "transition"),
        (-0.006, 0.01, "transition"),
    ],
)
def test_environments_touching_the_mean_counts_for_both_sides(slope, gap, word):
    mean = mean_of_slope(slope)

    assert environments(close_at(mean, gap), mean)[-1] == word


@pytest.mark.parametrize(
    ("slope", "gap", "word"),
    [(0.0006, 0.0, "up"), (0.0004, 0.1, "side"), (-0.0006, 0.0, "down"), (0.0006, -0.01, "side")],
)
def test_directions_touching_the_mean_counts_for_both_sides(slope, gap, word):
    mean = mean_of_slope(slope)

    assert directions(close_at(mean, gap), mean)[-1] == word


def test_one_close_on_the_other_side_is_enough_against_a_bull():
    mean = mean_of_slope(0.002)
    close = close_at(mean, 0.01)
    close[-2] = mean[-2] * 0.999

    assert environments(close, mean)[-1] == "oscillate"
    assert directions(close, mean)[-1] == "side"


def test_the_mean_of_wilder_leaves_out_what_is_not_defined():
    """Seed (1 + 3) / 2 = 2; then (2 + 6) / 2 = 4; nothing; (4 + 1) / 2 = 2.5."""
    found = wilder_mean(np.array([np.nan, 1.0, np.nan, 3.0, 6.0, np.nan, 1.0]), 2)

    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 2.0, 4.0, 4.0, 2.5])


def test_a_missing_value_spoils_only_the_windows_that_hold_it():
    x = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])

    np.testing.assert_array_equal(rolling_mean(x, 2), [np.nan, 1.5, np.nan, np.nan, 4.5, 5.5])
    np.testing.assert_array_equal(partial_mean(np.array([2.0, 4.0, 9.0]), 5), [2.0, 3.0, 5.0])
