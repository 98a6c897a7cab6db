"""The original's layout and hashes."""

import hashlib
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.factors.aliases import published
from etf_platform.factors.compute import Failure
from etf_platform.factors.export import export_panel, panel_meta, shift_original
from etf_platform.factors.panel import compute_panel


def test_shift_of_one_to_ten_with_a_history_of_three():
    shifted = shift_original(np.arange(1.0, 11.0), 3)

    np.testing.assert_array_equal(shifted, [np.nan] * 3 + [3, 4, 5, 6, 7, 8, 9])


def test_a_series_shorter_than_its_history_is_silent():
    assert np.isnan(shift_original(np.array([1.0, 2.0]), 3)).all()


def test_export_is_indexed_by_symbol_and_date_with_one_column_per_id(bars):
    exported = export_panel(compute_panel(bars).frame, bars)

    assert exported.index.names == ["symbol", "date"] and exported.index.is_monotonic_increasing
    assert list(exported.columns) == [p.factor_id for p in published()]


def test_exported_levels_are_anchored_at_the_last_row_and_one_row_late(bars):
    exported = export_panel(compute_panel(bars, ["sma_5"]).frame, bars, ["VBT_MA_5"])

    one = bars[bars["symbol"] == "510002.SH"]
    anchored = one["close"] * one["adj_factor"] / one["adj_factor"].iloc[-1]
    expected = anchored.rolling(5).mean().shift(1).to_numpy(copy=True)
    expected[:6] = np.nan
    np.testing.assert_allclose(exported.loc["510002.SH", "VBT_MA_5"], expected, rtol=1e-6)


def test_panel_rows_without_a_bar_are_refused(bars):
    panel = compute_panel(bars, ["sma_5"]).frame

    with pytest.raises(BadInputError, match="adj_factor"):
        export_panel(panel, bars.iloc[5:], ["VBT_MA_5"])


def test_metadata_carries_hashes_that_anybody_can_recompute():
    meta = panel_meta(
        ["RETURN_5", "VBT_OBV"],
        engine_version="1.2.3",
        pool="A_SHARE",
        start_date="2024-01-02",
        end_date="2024-12-31",
        run_params={"start_date": "20240101"},
        input_hash="ab",
        failures=[Failure("obv", "IndexError: x")],
        generated_at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
    )

    assert meta["panel_columns_hash"] == hashlib.md5(b"RETURN_5|VBT_OBV").hexdigest()[:16]
    assert (
        meta["factors"]["RETURN_5"]["cache_key"] == hashlib.md5(b"RETURN_5|6|adj_close|1.2.3|period=5").hexdigest()[:16]
    )
    assert meta["factors"]["RETURN_5"]["min_history"] == 6
    assert meta["generated_at"] == "2025-01-02T03:04:05Z"
    assert meta["failed_factors"] == [{"factor": "obv", "error": "IndexError: x"}]
    assert meta["convention"] == "close_t"


def test_metadata_times_are_utc_by_themselves():
    meta = panel_meta([], engine_version="1", pool="CUSTOM", start_date="a", end_date="b", run_params={}, input_hash="")

    assert pd.Timestamp(meta["generated_at"]).tz is not None
