"""Attribution of the years that are over is taken from the lake only where nothing that it was made of has changed."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.load import load_config
from etf_platform.core.tables import FILL_ATTRIBUTION
from etf_platform.core.workspace import packaged_config
from etf_platform.orchestration.steps import attribution
from etf_platform.storage.lake import Lake

DAYS = pd.bdate_range("2023-12-25", "2024-01-08").as_unit("ns")


def drawn_rows() -> pd.DataFrame:
    rows = pd.DataFrame({"date": DAYS, "strategy": "rotation", "symbol": "A", "sector": "", "horizon": "close"})
    names = [c.name for c in FILL_ATTRIBUTION.columns if c.type == "float64"]
    counts = [c.name for c in FILL_ATTRIBUTION.columns if c.type == "int64"]
    rows = rows.assign(**{name: np.arange(len(DAYS)) / 7.0 for name in names}, **dict.fromkeys(counts, 1))
    return rows.assign(delay=np.nan, reason="no_hedge", source="drawn (simulated)")


@pytest.fixture
def step(tmp_path, monkeypatch):
    """Runs the step's rows on an account of one number per day; tells from which day they were computed."""
    platform = SimpleNamespace(
        config=load_config(packaged_config()),
        workspace=SimpleNamespace(home=tmp_path),
        lake=Lake(tmp_path / "lake"),
        asked=[],
    )

    def computed(fills, positions, equity, bars, booking, since=None):
        platform.asked.append(since)
        rows = drawn_rows()
        return rows if since is None else rows[rows["date"] >= since].reset_index(drop=True)

    monkeypatch.setattr(attribution, "attribute_rotation", computed)

    def run(**changed):
        frame = pd.DataFrame({"date": DAYS, "value": 1.0, "source": "drawn (simulated)"})
        bars = frame.assign(symbol="A", open=1.0, close=1.0, adj_factor=1.0)
        account = {"fills": frame, "positions": frame, "equity": frame, "bars": bars} | changed
        rows = attribution._rows(platform, "A_SHARE", tuple(account.values()))
        platform.lake.write(FILL_ATTRIBUTION, "A_SHARE", rows)
        return platform.asked[-1]

    run.platform, run.frame = (
        platform,
        lambda **more: pd.DataFrame({"date": DAYS, "value": 1.0, "source": "drawn (simulated)"} | more),
    )
    return run


def test_the_second_day_computes_the_last_year_alone_and_stores_the_same(step):
    first, second = step(), step()

    assert (first, second) == (None, pd.Timestamp("2024-01-01"))
    stored = step.platform.lake.read(FILL_ATTRIBUTION, "A_SHARE")
    wanted = Lake.read(step.platform.lake, FILL_ATTRIBUTION, "A_SHARE", version=0)
    pd.testing.assert_frame_equal(stored, wanted, check_exact=True)
    assert step.platform.lake.version(FILL_ATTRIBUTION, "A_SHARE") == 0


@pytest.mark.parametrize("changed", ["fills", "positions", "equity"])
def test_a_changed_row_of_a_year_that_is_over_computes_everything(step, changed):
    step()
    values = np.where(DAYS[2] == DAYS, 1.0 + 1e-15, 1.0)

    assert step(**{changed: step.frame(value=values)}) is None


def test_a_restated_bar_of_a_year_that_is_over_computes_everything(step):
    step()
    bars = step.frame(symbol="A", open=1.0, close=1.0, adj_factor=np.where(DAYS[0] == DAYS, 2.0, 1.0))

    assert step(bars=bars) is None


def test_a_changed_row_of_this_year_computes_this_year(step):
    step()

    assert step(fills=step.frame(value=np.where(DAYS[-1] == DAYS, 3.0, 1.0))) == pd.Timestamp("2024-01-01")


def test_stored_rows_that_are_not_those_that_were_made_are_made_again(step):
    step()
    step.platform.lake.write(FILL_ATTRIBUTION, "A_SHARE", drawn_rows().assign(net_pnl=0.0))

    assert step() is None
