"""Exceptions and coverage on hand-made forecasts: what is counted, tested, and what follows."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.tables import COVERAGE, EXCEPTIONS, FORECASTS
from etf_platform.risk.acceptance import acceptance_rate
from etf_platform.risk.coverage import coverage_rows
from etf_platform.risk.exceptions import exception_rows
from etf_platform.risk.forecasts import forecast_rows

DAYS = pd.bdate_range("2023-01-02", periods=260)
QUIET = 0.001


def forecasts_of(n: int = 250, level: float = 0.99, var: float = 0.02, es: float = 0.03) -> pd.DataFrame:
    rows = pd.DataFrame({"date": DAYS[:n], "for_date": DAYS[1 : n + 1], "series": "rotation", "method": "historical"})
    figures = {"level": level, "var": var, "es": es, "sigma": 0.01, "n_observations": 250, "source": "local"}
    return rows.assign(**figures)


def returns_of(losses: dict[int, float], n: int = 250) -> pd.DataFrame:
    """Session k of the tested ones (from 0) loses so much; all others gain a little."""
    values = np.full(n, QUIET)
    values[list(losses)] = [-loss for loss in losses.values()]
    return pd.DataFrame({"date": DAYS[1 : n + 1], "series": "rotation", "return": values, "source": "local"})


def judged(losses: dict[int, float], config, n: int = 250, **forecast: float) -> pd.Series:
    table = coverage_rows(exception_rows(forecasts_of(n, **forecast), returns_of(losses, n)), config)
    assert COVERAGE.conform(table).num_rows == 1
    return table.iloc[0]


def test_a_forecast_meets_the_return_of_its_own_session() -> None:
    """A loss exactly as large as VaR is no breach; the row carries the close the forecast knew."""
    rows = exception_rows(forecasts_of(), returns_of({7: 0.02, 9: 0.0201}))

    assert EXCEPTIONS.conform(rows).num_rows == 250
    assert rows.loc[rows["is_breach"], "date"].tolist() == [DAYS[10]]
    assert (rows["forecast_date"] < rows["date"]).all()


def test_what_has_not_happened_or_was_not_forecast_is_no_exception() -> None:
    unknown = forecasts_of().assign(var=lambda f: f["var"].where(f.index != 3))

    rows = exception_rows(unknown, returns_of({}).iloc[:-5])

    assert len(rows) == 250 - 1 - 5
    assert EXCEPTIONS.conform(exception_rows(unknown.head(0), returns_of({}))).num_rows == 0


def test_figures_of_five_breaches_two_of_them_close(config) -> None:
    """Specification 2.9: breaches at 50, 51, 52, 120, 200."""
    row = judged(dict.fromkeys((50, 51, 52, 120), 0.025) | {200: 0.04}, config)

    assert (row["n_forecasts"], row["n_breaches"], row["expected"]) == (250, 5, pytest.approx(2.5))
    assert row["independence"] == pytest.approx(9.8947, abs=5e-5)
    assert row["conditional"] == pytest.approx(11.8515, abs=5e-5)
    assert row["tuff"] == pytest.approx(-2 * (np.log(0.01 * 0.99**50) - np.log((1 / 51) * (50 / 51) ** 50)))
    assert row["clusters"] == f"{DAYS[52]:%Y-%m-%d}, {DAYS[53]:%Y-%m-%d}"
    assert (row["worst"], row["worst_date"]) == (-0.04, DAYS[201])
    assert (row["light"], row["kupiec_p"] > 0.05) == ("yellow", True)


def test_shortfall_statistics_of_the_specification(config) -> None:
    losses = dict(zip(range(0, 250, 36), (0.035, 0.028, 0.040, 0.031, 0.050, 0.027, 0.033), strict=True))

    row = judged(losses, config, level=0.975, var=0.025, es=0.03)

    assert (row["z2"], row["z1"]) == (pytest.approx(-0.3013, abs=5e-5), pytest.approx(-0.1619, abs=5e-5))
    assert 0.05 < row["z2_p"] < 0.6


@pytest.mark.parametrize(
    ("breaches", "light", "status", "action"),
    [
        (2, "green", "PASS", "none"),
        (5, "yellow", "WARN", "review within one business day"),
        (10, "red", "FAIL", "freeze"),
    ],
)
def test_lights_decide_state_and_action(config, breaches: int, light: str, status: str, action: str) -> None:
    """Spread out, and hardly beyond VaR, so that no other test rejects."""
    sizes = np.linspace(0.0201, 0.022, breaches)
    row = judged(dict(zip(range(5, 250, 24), sizes, strict=False)), config)

    assert (row["light"], row["status"], row["action"]) == (light, status, action)
    assert (row["reason"] == "") == (status == "PASS")


def test_two_majors_freeze_a_yellow_light(config) -> None:
    """Breaches in a row, and larger than ES."""
    losses = dict(zip(range(50, 56), (0.05, 0.06, 0.055, 0.07, 0.052, 0.058), strict=True))

    row = judged(losses, config)

    assert (row["light"], row["status"], row["action"]) == ("yellow", "FAIL", "freeze")
    assert "breaches follow breaches" in row["reason"]
    assert "losses beyond VaR larger than ES" in row["reason"]


def test_too_few_forecasts_are_blocked_with_counts_and_without_tests(config) -> None:
    row = judged({3: 0.05}, config, n=99)

    assert (row["status"], row["light"], row["n_breaches"]) == ("BLOCKED", "", 1)
    assert row["reason"] == "insufficient: 99 forecasts, at least 100 are needed"
    assert row[["kupiec", "z2", "z2_p", "mcneil_frey_p"]].isna().all()


def test_only_the_last_test_window_counts(config) -> None:
    short = config.model_copy(update={"test_window": 100})

    row = judged({3: 0.05, 240: 0.05}, short)

    assert (row["n_forecasts"], row["n_breaches"]) == (100, 1)


@pytest.mark.parametrize(("silent", "status", "tested"), [(200, "BLOCKED", 50), (60, "PASS", 190), (250, "BLOCKED", 0)])
def test_a_method_that_fell_silent_is_not_judged_by_what_it_was_worth_before(
    config, silent: int, status: str, tested: int
) -> None:
    """259 sessions; a method without a VaR for the last ones has only what is left of the last 250."""
    spoken = forecasts_of(259)
    mute = spoken.assign(method="cornish_fisher", var=spoken["var"].where(spoken.index < 259 - silent))
    happened = exception_rows(pd.concat([spoken, mute]), returns_of({}, 259))

    table = coverage_rows(happened, config).set_index("method")

    assert table.loc["historical", ["n_forecasts", "status"]].tolist() == [250, "PASS"]
    assert table.loc["cornish_fisher", ["n_forecasts", "status"]].tolist() == [tested, status]


def test_a_series_without_exceptions_is_listed_as_blocked(config) -> None:
    """Forecasts that were never met by a return do not vanish from the report."""
    known, silent = forecasts_of(), forecasts_of().assign(series="new", var=np.nan)

    table = coverage_rows(exception_rows(known, returns_of({})), config, pd.concat([known, silent]))

    assert table["series"].tolist() == ["new", "rotation"]
    assert table.iloc[0][["status", "n_forecasts"]].tolist() == ["BLOCKED", 0]
    assert COVERAGE.conform(table).num_rows == 2


def test_nothing_to_judge_is_an_empty_table_of_the_right_types(config) -> None:
    rows = exception_rows(forecasts_of().head(0), returns_of({}))

    assert COVERAGE.conform(coverage_rows(rows, config)).num_rows == 0


def test_the_chain_from_returns_to_verdicts_repeats_bit_for_bit(returns, config, sessions) -> None:
    """Six methods side by side at three levels; one row governs each series."""

    def chain() -> pd.DataFrame:
        made = forecast_rows(returns, config, sessions)
        return coverage_rows(exception_rows(made, returns), config, made)

    table = chain()

    pd.testing.assert_frame_equal(chain(), table, check_exact=True)
    assert len(table) == 2 * 6 * 3
    governing = table[table["is_governing"]]
    assert governing[["method", "level"]].drop_duplicates().to_numpy().tolist() == [["filtered_historical", 0.99]]
    assert len(governing) == 2
    assert FORECASTS.key == ("date", "series", "method", "level")


def test_half_the_volatility_is_always_rejected() -> None:
    rates = acceptance_rate(20, volatility_factor=0.5).set_index("test")["rate"]

    assert rates[["kupiec", "conditional", "light_red", "z2"]].min() == 1.0


def test_the_right_model_is_rejected_at_the_nominal_rate() -> None:
    """The exact size of each test lies in the 99.9 % band of the simulated rate; 5 % holds for the simulated Z2."""
    rates = acceptance_rate(150, level=0.95).set_index("test")
    slack = 3.3 * np.sqrt(0.06 * 0.94 / 150)

    assert rates.loc["kupiec", "rate"] == pytest.approx(rates.loc["kupiec", "size"], abs=slack)
    assert rates.loc["light_not_green", "rate"] == pytest.approx(rates.loc["light_not_green", "size"], abs=slack)
    assert rates.loc["z2", "rate"] == pytest.approx(0.05, abs=slack)
    assert rates.loc["conditional", "rate"] == pytest.approx(rates.loc["conditional", "size"], abs=slack)
    assert rates.loc["independence", "rate"] == pytest.approx(rates.loc["independence", "size"], abs=slack)


def test_the_exact_size_of_kupiec_counts_binomial_probabilities() -> None:
    """At T = 250 and 1 % it rejects 0 or at least 7 breaches: 0.0811 + 0.0137 (table 2 of the Basel framework)."""
    rates = acceptance_rate(1).set_index("test")

    assert rates.loc["kupiec", "size"] == pytest.approx(0.0811 + (1 - 0.9863), abs=2e-4)
    assert rates.loc["light_not_green", "size"] == pytest.approx(1 - 0.8922, abs=2e-4)
