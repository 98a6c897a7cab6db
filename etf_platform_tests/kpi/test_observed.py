"""A panel observed in two pieces says what it says as a whole."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.kpi.observed import observe_panel, seen_arrays


@pytest.mark.parametrize("cut", [1, 7, 19])
def test_rows_behind_a_cut_need_only_what_was_seen_before(cut):
    rng = np.random.default_rng(5)
    days = pd.date_range("2024-01-01", periods=20).repeat(3)
    panel = pd.DataFrame({"date": days, "symbol": ["a", "b", "c"] * 20, "source": "s"})
    panel = panel.assign(x=rng.normal(size=60), constant=2.0, empty=np.nan, late=np.where(np.arange(60) < 55, 1.0, 3.0))
    panel.loc[rng.random(60) < 0.3, "x"] = np.nan
    columns, early = ["x", "constant", "empty", "late"], panel["date"] < days[3 * cut]
    whole = observe_panel(panel, columns)

    alone = observe_panel(panel[~early], columns, seen_arrays(panel.loc[early, columns]))

    wanted = whole[whole["date"] >= days[3 * cut]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, wanted, check_exact=True)
