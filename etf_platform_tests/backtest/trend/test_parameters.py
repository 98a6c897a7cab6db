"""Sweeps and walk-forward: what they choose, from what they know, and that the luck is counted."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.trend.sweep import sweep_trend
from etf_platform.backtest.trend.walk_forward import Windows, walk_forward
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures import sharpe_tests

GRID = {"fast": (5, 10), "slow": (20, 40)}
WINDOWS = Windows(train=250, test=100)


def swept(lab, terms, bars, grid=GRID, **changes):
    columns, settings = lab.averages_of(bars), lab.averages.settings()
    return sweep_trend(bars, columns, lab.averages, settings, grid, terms(**changes), lab.sessions_of(bars), 60)


def walked(lab, terms, bars, windows=WINDOWS, grid=GRID, **changes):
    columns, settings = lab.averages_of(bars), lab.averages.settings()
    asked = (bars, columns, lab.averages, settings, grid, terms(**changes), lab.sessions_of(bars), 60)
    return walk_forward(*asked, windows)


@pytest.mark.parametrize("guarded", [False, True])
def test_every_row_of_a_sweep_is_the_account_of_its_settings(lab, terms, guarded):
    bars = lab.random_bars(700)

    table = swept(lab, terms, bars, commission=0.001, use_ma50_exit=guarded)

    assert table[["fast", "slow"]].to_numpy().tolist() == [[5, 20], [5, 40], [10, 20], [10, 40]]
    for row in table.to_dict("records"):
        settings = lab.averages.settings(fast=row["fast"], slow=row["slow"])
        chosen = terms(commission=0.001, use_ma50_exit=guarded)
        account = lab.run(bars, lab.averages, chosen, 60, lab.averages_of(bars), settings)
        daily = account.returns
        assert row["total_return"] == pytest.approx(account.equity["equity"].iloc[-1] - 1)
        assert row["sharpe"] == pytest.approx(np.sqrt(252) * daily.mean() / daily.std())
        assert row["exposure"] == pytest.approx(account.exposure)


def test_the_best_of_a_sweep_is_deflated_by_all_its_trials(lab, terms):
    bars = lab.random_bars(700)

    table = swept(lab, terms, bars)
    best = table[table["is_best"]].iloc[0]

    ratios = table["sharpe"] / np.sqrt(252)
    luck = sharpe_tests.expected_maximum_sharpe(4, float(ratios.var()))
    assert best["sharpe"] == table["sharpe"].max()
    assert table["n_trials"].tolist() == [4] * 4
    assert luck > 0
    assert best["deflated_sharpe"] < best["psr"]


def test_a_thousand_combinations_are_a_thousand_rows(lab, terms):
    bars = lab.random_bars(6700)
    columns, settings = lab.averages_of(bars), lab.averages.settings()
    wide = pd.concat([columns, pd.DataFrame({f"sma_{w}": columns["sma_20"] for w in range(100, 1100)})], axis=1)
    asked = (bars, wide, lab.averages, settings, {"slow": tuple(range(100, 1100))}, terms(), lab.sessions_of(bars), 60)

    table = sweep_trend(*asked)

    assert len(table) == 1000


def test_a_grid_of_unknown_names_or_refused_values_is_refused(lab, terms):
    bars = lab.random_bars(100)

    with pytest.raises(BadInputError, match="medium is no setting"):
        swept(lab, terms, bars, {"medium": (1,)})
    with pytest.raises(BadInputError, match="fast: Input should be a valid integer"):
        swept(lab, terms, bars, {"fast": ("many",)})
    with pytest.raises(BadInputError, match="nothing to vary"):
        swept(lab, terms, bars, {})


def test_a_combination_that_the_strategy_refuses_is_shown_and_is_no_trial(lab, terms):
    table = swept(lab, terms, lab.random_bars(300), {"fast": (5, 20), "slow": (20, 40)})

    assert table["sharpe"].isna().tolist() == [False, False, True, False]
    assert table["n_trials"].tolist() == [3] * 4
    with pytest.raises(BadInputError, match="refuses every combination"):
        swept(lab, terms, lab.random_bars(300), {"fast": (50,)})


def test_walk_forward_windows_touch_and_cover_the_rest(lab, terms):
    bars = lab.random_bars(700)

    result = walked(lab, terms, bars)
    windows = result.windows

    dates = bars["date"]
    assert windows["test_start"].tolist() == [dates[310], dates[410], dates[510], dates[610]]
    assert windows["test_end"].tolist() == [dates[409], dates[509], dates[609], dates[699]]
    assert windows["train_end"].tolist() == [dates[309], dates[409], dates[509], dates[609]]
    assert windows["train_start"].tolist() == [dates[60], dates[160], dates[260], dates[360]]
    assert result.account.start_effective == dates[310]
    assert result.account.variant == "walk_forward"
    assert result.trials.n == 4


def test_anchored_windows_start_together(lab, terms):
    bars = lab.random_bars(700)

    windows = walked(lab, terms, bars, Windows(250, 100, anchored=True)).windows

    assert windows["train_start"].nunique() == 1


def test_each_window_trades_the_best_of_its_past(lab, terms):
    """The chosen set has the highest ratio over the training sessions, and its positions are the stitched ones."""
    bars = lab.random_bars(700)
    accounts = {
        (fast, slow): lab.run(
            bars, lab.averages, terms(), 60, lab.averages_of(bars), lab.averages.settings(fast=fast, slow=slow)
        )
        for fast in GRID["fast"]
        for slow in GRID["slow"]
    }

    result = walked(lab, terms, bars)

    held = result.account.equity.set_index("date")["position"]
    for row in result.windows.to_dict("records"):
        past = {k: a.returns[row["train_start"] : row["train_end"]] for k, a in accounts.items()}
        ratios = {k: np.sqrt(252) * r.mean() / r.std() for k, r in past.items()}
        best = max(ratios, key=ratios.get)
        assert (row["fast"], row["slow"]) == best
        assert row["sharpe_in_sample"] == pytest.approx(ratios[best])
        expected = accounts[best].equity.set_index("date")["position"][row["test_start"] : row["test_end"]]
        assert held[row["test_start"] : row["test_end"]].tolist() == expected.tolist()


def test_later_bars_change_no_earlier_choice_nor_equity(lab, terms):
    bars = lab.random_bars(700)
    later = bars.copy()
    later.loc[550:, ["open", "high", "low", "close"]] *= 3.0

    before, after = walked(lab, terms, bars, commission=0.001), walked(lab, terms, later, commission=0.001)

    columns = ["date", "equity", "position", "cost"]
    kept = before.account.equity["date"] < bars["date"][550]
    pd.testing.assert_frame_equal(
        before.account.equity.loc[kept, columns], after.account.equity.loc[kept, columns], check_exact=True
    )
    assert before.windows[["fast", "slow"]].iloc[:3].equals(after.windows[["fast", "slow"]].iloc[:3])


def test_windows_that_are_too_short_or_too_long_are_refused(lab, terms):
    bars = lab.random_bars(200)

    with pytest.raises(InsufficientDataError, match="140 tradable sessions and a training window of 250"):
        walked(lab, terms, bars)
    with pytest.raises(BadInputError, match="0 of testing"):
        walked(lab, terms, bars, Windows(100, 0))
