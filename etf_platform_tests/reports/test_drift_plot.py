"""The drift plot is a small PNG for every table that it may meet."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.reports.plots.drift import drift_plot


def _rows(days):
    dates = pd.bdate_range("2024-01-01", periods=days)
    known = {"feature": "volatility_20", "psi": np.linspace(0.05, 7.37, days), "psi_null": 3.0, "level": "stable"}
    rows = pd.DataFrame({"date": dates, **known, "source": "sample (simulated)"})
    rows.loc[rows["psi"] > 3.0, "level"] = "major"
    missing = {"feature": "premium", "psi": np.nan, "psi_null": np.nan, "level": "unknown"}
    return pd.concat([rows, rows.assign(**missing)], ignore_index=True)


@pytest.mark.parametrize("rows", [_rows(300), _rows(1), _rows(5).query("feature == 'premium'"), _rows(3).iloc[:0]])
def test_it_is_a_picture_below_sixty_kilobytes(rows):
    png = drift_plot(rows, "A_SHARE")

    assert png.startswith(b"\x89PNG")
    assert len(png) < 60_000
