"""Forecasts: what they know, when they are undefined, and that a day alone has the bits of a backfill."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.errors import BadInputError, CalendarEndError, UnknownUnitError
from etf_platform.core.tables import FORECASTS
from etf_platform.risk.forecasts import forecast_rows
from etf_platform.risk.methods import METHODS, estimate, rolling_historical


@pytest.fixture(scope="module")
def forecasts(returns, config, sessions) -> pd.DataFrame:
    return forecast_rows(returns, config, sessions)


def test_rows_fit_the_table(forecasts, config) -> None:
    """Two series of 700 days, six methods, three levels."""
    assert len(forecasts) == 2 * 700 * 6 * 3
    assert FORECASTS.conform(forecasts).num_rows == len(forecasts)
    assert set(forecasts["method"]) == set(config.methods) == set(METHODS)


def test_a_forecast_is_for_the_next_session(forecasts, sessions) -> None:
    """Friday's forecast is for Monday, and every row is made before the session it is for."""
    friday = forecasts[forecasts["date"] == "2020-01-10"]

    assert (friday["for_date"] == pd.Timestamp("2020-01-13")).all()
    assert (forecasts["for_date"] > forecasts["date"]).all()
    assert forecasts["for_date"].isin(sessions).all()


def test_figures_begin_with_a_full_window(forecasts, sessions) -> None:
    """249 returns give no figure, 250 do, with every method."""
    short = forecasts[forecasts["date"] == sessions[248]]
    full = forecasts[forecasts["date"] == sessions[249]]

    assert short[["var", "es", "sigma"]].isna().all(axis=None)
    assert (short["n_observations"] == 249).all()
    assert full[["var", "es", "sigma"]].notna().all(axis=None)
    assert (forecasts["n_observations"].max()) == 250


def test_the_historical_forecast_is_the_quantile_of_the_window(forecasts, returns, sessions) -> None:
    """numpy on the 250 returns up to that day, the day included."""
    day = sessions[500]
    window = returns[(returns["series"] == "rotation") & (returns["date"] <= day)]["return"].tail(250)
    row = forecasts.set_index(["date", "series", "method", "level"]).loc[(day, "rotation", "historical", 0.99)]

    assert row["var"] == pytest.approx(-np.quantile(window, 0.01), rel=1e-12)
    assert row["es"] == pytest.approx(-np.sort(window)[:3].mean(), rel=1e-12)


def test_a_day_alone_has_the_bits_of_the_backfill(forecasts, returns, config, sessions) -> None:
    """Asked for one day, for three, or of returns that end on it."""
    days = [sessions[249], sessions[400], sessions[699]]
    expected = forecasts[forecasts["date"].isin(days)].reset_index(drop=True)

    together = forecast_rows(returns, config, sessions, days)
    alone = pd.concat([forecast_rows(returns[returns["date"] <= d], config, sessions, [d]) for d in days])

    pd.testing.assert_frame_equal(together, expected, check_exact=True)
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), expected, check_exact=True)


def test_a_series_does_not_see_the_others(forecasts, returns, config, sessions) -> None:
    alone = forecast_rows(returns[returns["series"] == "rotation"], config, sessions, [sessions[600]])

    pd.testing.assert_frame_equal(
        alone,
        forecasts[(forecasts["series"] == "rotation") & (forecasts["date"] == sessions[600])].reset_index(drop=True),
        check_exact=True,
    )


def test_changing_the_future_changes_no_earlier_forecast(forecasts, returns, config, sessions) -> None:
    later = returns["date"] > sessions[500]
    changed = returns.assign(**{"return": returns["return"].where(~later, -3.0 * returns["return"])})

    again = forecast_rows(changed, config, sessions)

    past = forecasts["date"] <= sessions[500]
    pd.testing.assert_frame_equal(again[past], forecasts[past], check_exact=True)


def test_another_seed_moves_simulated_methods_only(forecasts, returns, config, sessions) -> None:
    day = sessions[600]
    other = forecast_rows(returns, config.model_copy(update={"seed": 7}), sessions, [day])
    same = other["es"].to_numpy() == forecasts.loc[forecasts["date"] == day, "es"].to_numpy()

    assert set(other["method"][~same]) == {"filtered_historical", "monte_carlo"}


def test_a_gap_is_skipped_and_the_window_counts_returns(returns, config, sessions) -> None:
    """A missing return makes no row; the window reaches one session further back."""
    one = returns[returns["series"] == "rotation"].reset_index(drop=True)
    one.loc[300, "return"] = np.nan

    rows = forecast_rows(one, config, sessions)

    assert sessions[300] not in set(rows["date"])
    assert rows.loc[rows["date"] == sessions[249], "var"].notna().all()
    assert rows.loc[rows["date"] == sessions[301], "var"].notna().all()


@pytest.mark.parametrize("held", [0.0, 0.0002])
def test_an_account_that_does_not_move_has_no_var_instead_of_one_of_0(returns, config, sessions, held) -> None:
    """Every method is silent while all 250 returns are equal, and speaks again with the first that is not."""
    one = returns[returns["series"] == "rotation"].reset_index(drop=True)
    one.loc[one.index < 300, "return"] = held

    rows = forecast_rows(one, config, sessions, [sessions[299], sessions[300]])

    still, moved = (rows[rows["date"] == sessions[k]] for k in (299, 300))
    assert still[["var", "es", "sigma"]].isna().all(axis=None)
    assert moved.loc[moved["method"] == "historical", "var"].notna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.drop(columns="source"), "no column source"),
        (lambda r: pd.concat([r, r.head(1)]), "two returns of rotation on 2020-01-01"),
        (lambda r: r.assign(**{"return": r["return"].where(r.index != 5, np.inf)}), "an infinite return of rotation"),
    ],
)
def test_bad_returns_are_refused_in_one_sentence(returns, config, sessions, change, message) -> None:
    with pytest.raises(BadInputError, match=message):
        forecast_rows(change(returns), config, sessions)


def test_beyond_the_calendar_there_is_no_next_session(returns, config, sessions) -> None:
    with pytest.raises(CalendarEndError, match="the calendar ends"):
        forecast_rows(returns, config, sessions[:700])


def test_no_returns_give_an_empty_table_of_the_right_types(returns, config, sessions) -> None:
    assert FORECASTS.conform(forecast_rows(returns.head(0), config, sessions)).num_rows == 0
    assert forecast_rows(returns, config, sessions, []).empty


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UnknownUnitError, match="no method is called 'garch'"):
        estimate("garch", np.zeros((1, 250)), RiskConfig())


def test_the_governing_method_must_be_computed() -> None:
    with pytest.raises(ValueError, match=r"evt_pot at 0\.99: not among methods and levels"):
        RiskConfig(methods=("historical",), governing_method="evt_pot")


@pytest.mark.parametrize(("window", "level"), [(250, 0.99), (250, 0.95), (20, 0.975), (3, 0.6), (2, 0.51)])
@pytest.mark.parametrize("ties", [False, True])
def test_the_rolling_kernel_follows_a_slow_loop(window: int, level: float, ties: bool) -> None:
    """numpy quantile and mean of the worst, window by window, with and without repeated values and gaps."""
    drawn = np.random.default_rng(4).standard_t(4, (4, 400)) * 0.01
    values = np.round(drawn, 2) if ties else drawn
    values[1, 200] = np.nan
    values[2] = 0.0
    var, es = rolling_historical(values, window, level, threads=2)

    for s in range(4):
        for t in range(400):
            held = values[s, max(0, t - window + 1) : t + 1]
            if held.size < window or np.isnan(held).any():
                assert np.isnan([var[s, t], es[s, t]]).all()
                continue
            worst = np.sort(held)[: int((1 - level) * (window - 1) + 1e-9) + 1]
            assert var[s, t] == pytest.approx(-np.quantile(held, 1 - level), rel=1e-12, abs=1e-15)
            assert es[s, t] == pytest.approx(-worst.mean(), rel=1e-12, abs=1e-15)
