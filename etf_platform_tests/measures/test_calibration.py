"""Calibration by bins: hand tables."""

import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.measures.calibration import bin_calibration_error, bucket_error


def test_bins_of_equal_count_by_hand():
    """Two bins: (0.1, 0.2) against (0, 1), (0.8, 0.9) against (1, 1): half of 0.35 and half of 0.15."""
    assert bin_calibration_error([0.9, 0.1, 0.8, 0.2], [1, 0, 1, 1], bins=2) == pytest.approx(0.25)


def test_a_constant_fill_rate_is_seen_through():
    """0.3 for every order, half of which filled."""
    assert bin_calibration_error([0.3] * 100, [0, 1] * 50) == pytest.approx(0.2)


def test_buckets_do_not_cancel_one_another():
    assert bucket_error([0.01, 0.01, 0.03], [0.00, 0.00, 0.05], ["low", "low", "high"]) == pytest.approx(0.04 / 3)


@pytest.mark.parametrize(("p", "y"), [([], []), ([1.2], [1]), ([0.5], [1, 0]), ([float("nan")], [1])])
def test_what_is_no_forecast_is_refused(p, y):
    with pytest.raises(BadInputError):
        bin_calibration_error(p, y)
