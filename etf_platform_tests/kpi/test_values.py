"""Values of operations metrics on hand-made facts: figures, thresholds, reasons, and nothing from the future."""

import math
from itertools import pairwise
from statistics import NormalDist, mean, stdev

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.governance.evidence import CORE_KPIS
from etf_platform.kpi.facts import Facts, Rows, Settings
from etf_platform.kpi.history import improvement, trend_of, weeks_before
from etf_platform.kpi.metrics import named, registry
from etf_platform.kpi.values import Stamp, value_rows

STAMP = Stamp("c0ffee", '{"paper/P/account":3}', "made (simulated)")


def test_every_key_is_registered_once_and_the_core_is_what_gates_releases():
    keys = [metric.key for metric in registry()]

    assert len(keys) == len(set(keys))
    assert {metric.key for metric in registry() if metric.is_core} == set(CORE_KPIS)
    assert {"pnl_net", "psr", "dsr", "signal_hit_rate", "false_alarm_rate", "error_rate", "major_risk"} <= set(keys)


def test_rows_conform_to_the_table(quarter):
    rows = value_rows(quarter.facts(), quarter.days[-3:], STAMP)

    assert t.KPI_VALUES.conform(rows).num_rows == len(rows)
    assert set(rows["source"].str.contains("simulated")) == {True}


def test_results_of_the_account_are_those_of_a_plain_loop(quarter):
    nav = quarter.frames["account"]["nav"].tolist()
    returns = [now / then - 1.0 for then, now in pairwise(nav)]
    peak, deepest, since = nav[0], 0.0, 0
    for i, value in enumerate(nav):
        peak, since = (value, i) if value >= peak else (peak, since)
        deepest = min(deepest, value / peak - 1.0)
    excess = [r - 0.03 / 252 for r in returns]

    rows = quarter.rows()["value"]

    assert rows["pnl_net"] == pytest.approx(nav[-1] - nav[-2])
    assert rows["nav_return"] == pytest.approx(returns[-1])
    assert rows["max_drawdown"] == pytest.approx(deepest)
    assert rows["current_drawdown"] == pytest.approx(nav[-1] / peak - 1.0)
    assert rows["drawdown_length"] == len(nav) - 1 - since
    assert rows["sharpe"] == pytest.approx(mean(excess) / stdev(excess) * math.sqrt(252))


def _with_moments(n: int, ratio: float) -> np.ndarray:
    """`n` returns with skewness -0.5, kurtosis 5 and this ratio of mean to deviation (ddof 1), by Newton's method."""
    base = np.sinh(np.random.default_rng(0).standard_normal(n) * 0.6)

    def standard(values):
        centred = values - values.mean()
        return centred / centred.std()

    def off(bend):
        unit = standard(base + bend[0] * base**2 + bend[1] * base**3)
        return np.array([(unit**3).mean() + 0.5, (unit**4).mean() - 5.0])

    bend = np.array([-0.1, 0.0])
    for _ in range(50):
        step = 1e-6
        slope = np.column_stack([(off(bend + step * e) - off(bend)) / step for e in np.eye(2)])
        bend = bend - np.linalg.solve(slope, off(bend))
    unit = standard(base + bend[0] * base**2 + bend[1] * base**3)
    return 0.01 * (unit / unit.std(ddof=1) + ratio)


def test_psr_and_dsr_are_those_of_the_specification(quarter):
    """SR 0.1 a session, n 250, g3 -0.5, g4 5: psr 0.93732; with N 20, V 0.0025: dsr 0.53033."""
    returns = _with_moments(250, 0.1) + 0.0
    days = pd.bdate_range("2024-01-01", periods=251).astype("datetime64[ns]")
    account = pd.DataFrame({"date": days, "return": np.append(np.nan, returns), "nav": 1.0, "pnl": 0.0})
    trials = pd.DataFrame({"date": days[:1], "n": [20], "variance": [0.0025 * 252]})
    rows = {"account": Rows.of(account), "trials": Rows.of(trials)}
    facts = Facts("P", rows, days, Settings(quarter.facts().settings.governance, risk_free=0.0), {"P": days[0]})

    found = value_rows(facts, [days[-1]], STAMP, [named("psr"), named("dsr")])
    value = found[found["period"] == "day"].set_index("kpi")["value"]

    assert value["psr"] == pytest.approx(0.93732, abs=5e-6)
    assert value["dsr"] == pytest.approx(0.53033, abs=5e-6)


def test_coverage_of_the_specification(quarter):
    """Components 100 and -40, residual 10: 0.9333."""
    rows = pd.DataFrame({"date": quarter.days[-1:], "part": "P", "explained": [140.0], "residual": [10.0]})

    assert quarter.rows(attribution=rows).loc["attribution_coverage", "value"] == pytest.approx(0.9333, abs=5e-5)


def test_too_few_returns_give_no_ratio(month):
    rows = month.rows()

    assert rows.loc[["sharpe", "psr", "dsr"], "value"].isna().all()
    assert set(rows.loc[["sharpe", "psr", "dsr"], "status"]) == {"BLOCKED"}
    assert rows.loc["sharpe", "reason"] == "insufficient: 18 of 20 returns"


def test_fewer_than_a_hundred_forecasts_are_insufficient(quarter):
    few = quarter.frames["breaches"].tail(99)

    row = quarter.rows(breaches=few).loc["var_breach_rate"]

    assert (row["status"], row["reason"]) == ("BLOCKED", "insufficient: 99 of 100 forecasts")


@pytest.mark.parametrize(("breaches", "status"), [(4, "PASS"), (5, "WARN"), (9, "WARN"), (10, "FAIL")])
def test_the_zones_of_the_traffic_light_judge_the_breach_rate(quarter, breaches, status):
    """99 %, 250 forecasts: green 0 to 4, yellow 5 to 9, red from 10 on."""
    rows = quarter.frames["breaches"].tail(250)
    rows = rows.assign(is_breach=np.arange(250) < breaches)

    row = quarter.rows(breaches=rows).loc["var_breach_rate"]

    assert row["value"] == breaches / 250
    assert row["status"] == status


@pytest.mark.parametrize("table", ["account", "breaches", "attribution", "runs", "consistency", "drift", "slippage"])
def test_a_missing_input_is_blocked_and_never_passes(quarter, table):
    before, without = quarter.rows(), quarter.rows(**{table: None})
    lost = without.index[without["value"].isna() & before["value"].notna()]

    assert len(lost)
    assert set(without.loc[lost, "status"]) == {"BLOCKED"}
    assert without.loc[lost, "reason"].str.match("missing|pending_data").all()


def test_an_account_that_missed_the_session_is_stale_at_once_and_its_ratios_a_session_later(quarter):
    after = [pd.Timestamp(day) for day in pd.bdate_range(quarter.days[-1], periods=3)[1:]]
    first, second = (quarter.rows(day) for day in after)

    assert first.loc["nav_return", "reason"] == "stale: 1 sessions old"
    assert first.loc["max_drawdown", "status"] == "PASS"
    assert second.loc[["max_drawdown", "sharpe", "availability"], "reason"].unique().tolist() == [
        "stale: 2 sessions old"
    ]
    assert second.loc["max_drawdown", "value"] != second.loc["max_drawdown", "value"]
    assert second.loc["max_drawdown", "as_of"] == quarter.days[-1]


def test_thresholds_are_those_of_the_configuration(quarter):
    nav = quarter.frames["account"].assign(**{"return": -0.051})
    limits = quarter.rows(account=nav)

    assert limits.loc["nav_return", ["status", "warn", "major"]].tolist() == ["WARN", -0.05, -0.1]
    assert limits.loc["nav_return", "reason"] == "-0.051 is below -0.05"
    assert limits.loc["max_drawdown", ["status", "major"]].tolist() == ["FAIL", -0.25]
    assert limits.loc["major_risk", ["value", "status"]].tolist() == [1.0, "FAIL"]
    assert "max_drawdown" in limits.loc["major_risk", "reason"]
    assert limits.loc["sharpe", "reason"] == "insufficient: the returns do not vary"


@pytest.mark.parametrize(("last", "status"), [(-0.05, "PASS"), (-0.0501, "WARN"), (-0.1, "WARN"), (-0.1001, "FAIL")])
def test_a_threshold_is_broken_by_what_lies_beyond_it_not_on_it(quarter, last, status):
    """Daily loss: warning 0.05, limit 0.10."""
    account = quarter.frames["account"].copy()
    account.loc[account.index[-1], "return"] = last

    assert quarter.rows(account=account).loc["nav_return", "status"] == status


def test_a_sharpe_below_its_limit_warns_until_it_is_so_beyond_doubt(quarter):
    """The bound is the limit less 1.645 standard errors, here by hand from the moments of the returns."""
    returns = np.random.default_rng(3).normal(-0.0005, 0.01, 60)
    nav = quarter.frames["account"].assign(**{"return": np.append(np.nan, returns)})
    excess = returns - 0.03 / 252
    ratio, unit = excess.mean() / excess.std(ddof=1), (excess - excess.mean()) / excess.std()
    variance = 1 - (unit**3).mean() * ratio + ((unit**4).mean() - 1) / 4 * ratio**2
    bound = 0.5 - NormalDist().inv_cdf(0.95) * math.sqrt(variance / 59 * 252)

    row = quarter.rows(account=nav).loc["sharpe"]
    worse = quarter.rows(account=nav.assign(**{"return": nav["return"] - 0.01})).loc["sharpe"]

    assert (row["status"], row["major"]) == ("WARN", pytest.approx(bound))
    assert worse["status"] == "FAIL"


def test_baseline_is_the_mean_of_the_sixty_values_before(quarter):
    returns = quarter.frames["account"]["return"].tolist()

    row = quarter.rows().loc["nav_return"]
    second = quarter.rows(day=quarter.days[1]).loc["nav_return"]

    assert row["baseline"] == pytest.approx(mean(returns[1:60]))
    assert (second["status"], second["reason"]) == ("PASS", "no_baseline")
    assert math.isnan(second["baseline"])


def test_trend_is_where_the_value_lies_beside_its_past():
    assert trend_of(3.0, [1.0, 2.0, 1.0, 2.0, 1.5]) == "up"
    assert trend_of(1.55, [1.0, 2.0, 1.0, 2.0, 1.5]) == "flat"
    assert trend_of(1.0, [1.0] * 5) == "flat"
    assert trend_of(1.0, [1.0] * 4) == trend_of(math.nan, [1.0] * 9) == "unknown"
    assert (improvement("up", "down"), improvement("up", "up"), improvement("flat", "up")) == ("worse", "better", "")


def test_a_week_ends_with_its_last_session_and_adds_up_its_days(quarter):
    friday = next(day for day in reversed(quarter.days) if day.weekday() == 4)
    account = quarter.frames["account"].set_index("date")
    days = [friday - pd.Timedelta(days=back) for back in range(4, -1, -1)]

    rows = quarter.rows(friday, "week")

    assert rows.loc["pnl_net", "value"] == pytest.approx(account.loc[days, "pnl"].sum())
    assert rows.loc["nav_return", "value"] == pytest.approx(
        account.loc[friday, "nav"] / account.loc[friday - pd.Timedelta(days=7), "nav"] - 1.0
    )
    assert rows.loc["sharpe", "value"] == quarter.rows(friday).loc["sharpe", "value"]
    assert quarter.rows(friday - pd.Timedelta(days=1), "week").empty


def test_a_week_cut_by_a_holiday_ends_on_its_last_session():
    sessions = pd.DatetimeIndex(["2024-09-26", "2024-09-27", "2024-09-30", "2024-10-08", "2024-10-09"])

    assert weeks_before(sessions, pd.Timestamp("2024-09-30"), 1) == [
        list(sessions[:2]), [sessions[2]],
    ]  # fmt: skip
    assert weeks_before(sessions, pd.Timestamp("2024-09-26"), 1) == []


def _shaken(quarter, day):
    """The same facts, everything after a day different."""
    frames = {}
    for name, rows in quarter.frames.items():
        later = rows["date"] > day
        changed = rows.copy()
        for column in changed.columns.difference(["date", "part", "duty", "feature"]):
            if changed[column].dtype == bool:
                changed.loc[later, column] = ~changed.loc[later, column]
            elif column == "level":
                changed.loc[later, column] = "major"
            else:
                changed.loc[later, column] = changed.loc[later, column] * 3.0 + 1.0
        frames[name] = changed
    frames["failovers"] = pd.DataFrame({"date": quarter.days[quarter.days > day]})
    frames["alarms"] = pd.DataFrame({"date": quarter.days[quarter.days > day], "is_false": True})
    return frames


def test_what_was_written_later_for_the_first_time_is_missing_before(quarter):
    """On the first day no order had been filled yet, and nothing had been closed; that it will be does not show."""
    later = {name: rows[rows["date"] > quarter.days[5]] for name, rows in quarter.frames.items() if name != "account"}

    before = value_rows(quarter.facts(**dict.fromkeys(later)), quarter.days[:5], STAMP)

    pd.testing.assert_frame_equal(value_rows(quarter.facts(**later), quarter.days[:5], STAMP), before, check_exact=True)


@pytest.mark.parametrize("back", [1, 7, 23])
def test_no_value_knows_anything_later_than_its_day(quarter, back):
    """Everything after the day is changed or cut off: its rows stay the same bit for bit."""
    day = quarter.days[-1 - back]
    cut = {name: rows[rows["date"] <= day] for name, rows in quarter.frames.items()}

    alone = value_rows(quarter.facts(**cut), [day], STAMP)
    shaken = value_rows(quarter.facts(**_shaken(quarter, day)), [day], STAMP)

    pd.testing.assert_frame_equal(value_rows(quarter.facts(), [day], STAMP), alone, check_exact=True)
    pd.testing.assert_frame_equal(shaken, alone, check_exact=True)


def test_a_day_alone_is_the_same_day_of_a_range(quarter):
    days = quarter.days[-12:]

    together = value_rows(quarter.facts(), days, STAMP)
    alone = pd.concat([value_rows(quarter.facts(), [day], STAMP) for day in days], ignore_index=True)

    pd.testing.assert_frame_equal(together, alone, check_exact=True)
