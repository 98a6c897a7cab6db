"""Every published case of PerformanceAnalytics and of the Sharpe ratio tests, by its id; the last test counts them."""

import json
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from etf_platform.measures import downside, drawdowns, performance, ratios, relative, sharpe_tests, tails

PERFORMANCE, SHARPE = "11_perf_performanceanalytics.json", "14_perf_psr_dsr_mintrl.json"


@pytest.fixture(scope="module")
def golden(shared):
    """(case id -> case, name -> series) of the performance cases."""
    cases = json.loads(shared(f"golden/{PERFORMANCE}").read_text())["cases"]
    names = {"managers": "managers", "edhec": "edhec", "bacon": "portfolio_bacon"}
    data = {name: pd.read_csv(shared(f"golden/11_perf_{file}.csv")) for name, file in names.items()}
    return {case["id"]: case for case in cases}, data


@pytest.fixture(scope="module")
def sharpe_cases(shared):
    """(case id -> case, monthly returns of the first series) of the Sharpe cases."""
    cases = json.loads(shared(f"golden/{SHARPE}").read_text())["cases"]
    return {c["id"]: c for c in cases}, pd.read_csv(shared("golden/11_perf_edhec.csv"))["Convertible Arbitrage"]


def tail(method, figure, level) -> Callable:
    """Minus the VaR or ES of one series: the published figures are signed returns."""

    def measure(returns, data):
        sample = returns.dropna().to_numpy(float)
        return -float(getattr(method(sample, (level,)), figure)[0])

    return measure


def against(measure) -> Callable:
    return lambda returns, data: measure(returns, data["managers"]["SP500 TR"], 12)


def over_bills(returns, data):
    """Excess over the series of bill returns."""
    return returns - data["managers"]["US 3m TR"]


def account(returns) -> np.ndarray:
    return ratios.account_of(returns)


def annual(returns) -> float:
    return performance.annualised_return(returns, 12)


MEASURES: dict[str, Callable] = {
    "edhec_VaR95_historical": tail(tails.historical, "var", 0.95),
    "edhec_VaR95_gaussian": tail(tails.parametric, "var", 0.95),
    "edhec_VaR95_modified_CornishFisher": tail(tails.cornish_fisher, "var", 0.95),
    "edhec_VaR99_modified_CornishFisher": tail(tails.cornish_fisher, "var", 0.99),
    "edhec_ES95_historical": tail(tails.historical, "es", 0.95),
    "edhec_ES95_gaussian": tail(tails.parametric, "es", 0.95),
    "edhec_ES95_modified": tail(tails.cornish_fisher, "es", 0.95),
    "edhec_ES99_modified_operational": tail(tails.cornish_fisher, "es", 0.99),
    "managers_Sharpe_StdDev_Rf_const": lambda r, d: performance.sharpe(r, 0.035 / 12, periods=1),
    "managers_Sharpe_StdDev_Rf_series": lambda r, d: performance.sharpe(over_bills(r, d), 0.0, periods=1),
    "managers_SharpeAnnualized_const": lambda r, d: performance.sharpe(r, 0.035, periods=12),
    "managers_SharpeAnnualized_Rf_series": lambda r, d: performance.sharpe(over_bills(r, d), 0.0, periods=12),
    "managers_maxDrawdown": lambda r, d: -performance.max_drawdown(account(r)),
    "edhec_FundsOfFunds_maxDrawdown": lambda r, d: -drawdowns.deepest(account(d["edhec"]["Funds of Funds"])).depth,
    "managers_DownsideDeviation_MAR0": lambda r, d: downside.downside_deviation(r),
    "managers_DownsideDeviation_MAR4pct": lambda r, d: downside.downside_deviation(r, 0.04 / 12),
    "bacon_DownsideDeviation": lambda r, d: downside.downside_deviation(d["bacon"]["portfolio"], 0.005),
    "managers_Sortino": lambda r, d: ratios.sortino(r),
    "managers_Calmar": lambda r, d: ratios.calmar(annual(r), performance.max_drawdown(account(r))),
    "managers_ReturnAnnualized_geometric": lambda r, d: annual(r),
    "managers_ReturnAnnualized_arithmetic": lambda r, d: performance.annualised_return(r, 12, geometric=False),
    "managers_TrackingError_SP500": against(relative.tracking_error),
    "managers_ActivePremium_SP500": against(relative.active_premium),
    "managers_InformationRatio_SP500": against(relative.information_ratio),
    "edhec_StdDev_annualized": lambda r, d: performance.annualised_volatility(r, 12),
    "edhec_Omega_L0": lambda r, d: ratios.omega(r),
    "bacon_BernardoLedoit": lambda r, d: ratios.omega(d["bacon"]["portfolio"]),
    "managers_SemiDeviation": lambda r, d: downside.semi_deviation(r),
}


def tail_sharpe(method, figure, returns, risk_free=0.0) -> float:
    """Mean excess return over the tail risk of the excess returns."""
    excess = returns.to_numpy(float) - risk_free
    return ratios.reward_to_tail(excess, float(getattr(method(excess, (0.95,)), figure)[0]))


EVENT_DRIVEN: dict[str, dict[str, Callable]] = {
    "edhec_EventDriven_VaRSharpe_modified": {
        "Rf0": lambda r: tail_sharpe(tails.cornish_fisher, "var", r),
        "Rf4pct": lambda r: tail_sharpe(tails.cornish_fisher, "var", r, 0.04 / 12),
        "Rf4pct_gaussian": lambda r: tail_sharpe(tails.parametric, "var", r, 0.04 / 12),
    },
    "edhec_EventDriven_ESSharpe_modified": {
        "v": lambda r: tail_sharpe(tails.cornish_fisher, "es", r),
    },
}


def holds(found: float, case: dict, name: str) -> None:
    """The published figure (truncated or rounded, as the case says), and the unrounded one of the independent tool."""
    published, exact = case["expected"][name], case.get("recomputed", {}).get(name)
    if case.get("published_truncated_to_decimals") == 4:
        assert math.trunc(found * 1e4 + math.copysign(1e-6, found)) / 1e4 == pytest.approx(published, abs=1e-9)
    else:
        assert found == pytest.approx(published, abs=case["abs_tol"])
    if exact is not None:
        assert found == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("case_id", MEASURES)
def test_case_of_performance_analytics(golden, case_id):
    cases, data = golden
    case, series = cases[case_id], data[case_id.split("_")[0]]

    for name in case["expected"]:
        returns = series.get(name)
        holds(MEASURES[case_id](returns, data), case, name)


@pytest.mark.parametrize("case_id", EVENT_DRIVEN)
def test_case_of_reward_to_tail_risk(golden, case_id):
    cases, data = golden

    for name, measure in EVENT_DRIVEN[case_id].items():
        holds(measure(data["edhec"]["Event Driven"]), cases[case_id], name)


ROOT12 = math.sqrt(12)
R_INPUTS = {"sharpe": 2 / ROOT12, "benchmark": 1 / ROOT12, "skew": -0.72}


def deflated(given, returns):
    daily, variance = given["SR_annual"] / math.sqrt(250), given["Var_SR_annual"] / 250
    found = {"SR0_daily": sharpe_tests.expected_maximum_sharpe(given["N"], variance)}
    moments = given["skew"], given["kurt"]
    return found | {"DSR": sharpe_tests.deflated_sharpe(daily, given["T"], given["N"], variance, *moments)}


def probability_of_24_months(given, returns):
    ratio, n = given["SR_monthly"], given["T"]
    full = sharpe_tests.probabilistic_sharpe(ratio, n, 0.0, given["skew"], given["kurt"])
    return {"PSR0_normal": sharpe_tests.probabilistic_sharpe(ratio, n), "PSR0": full}


def track_record_of_the_paper(given, returns):
    monthly = sharpe_tests.minimum_track_record(**R_INPUTS, kurtosis=given["kurt"], level=given["p"])
    daily = sharpe_tests.minimum_track_record(2 / math.sqrt(252), 1 / math.sqrt(252))
    return {"years": monthly / 12, "years_if_normal": daily / 252}


def probability(benchmark, skew=True, kurtosis=True):
    """Of the published series; a moment that is ignored takes its normal value."""

    def found(given, returns):
        m = sharpe_tests.moments(returns)
        chosen = m.skew if skew else 0.0, m.kurtosis if kurtosis else 3.0
        psr = sharpe_tests.probabilistic_sharpe(m.sharpe, m.n, benchmark, *chosen)
        return {"SR": m.sharpe, "PSR": psr}

    return found


def track_records(given, returns):
    m = sharpe_tests.moments(returns)
    return {
        "full": sharpe_tests.minimum_track_record(m.sharpe, 0.28, m.skew, m.kurtosis),
        "skew_only": sharpe_tests.minimum_track_record(m.sharpe, 0.28, m.skew),
        "normal": sharpe_tests.minimum_track_record(m.sharpe, 0.28),
        "ref0.23_skew_only": sharpe_tests.minimum_track_record(m.sharpe, 0.23, m.skew),
    }


SHARPE_CASES: dict[str, Callable] = {
    "dsr_paper_N100": deflated,
    "dsr_paper_N46": deflated,
    "dsr_paper_N88_normal": deflated,
    "psr_paper_24_months": probability_of_24_months,
    "mintrl_paper": track_record_of_the_paper,
    "R_ProbSharpeRatio_default_ignores_kurtosis": lambda given, returns: {
        "PSR": sharpe_tests.probabilistic_sharpe(n=59, **R_INPUTS)
    },
    "R_MinTrackRecord_default_ignores_kurtosis": lambda given, returns: {
        "minTRL": sharpe_tests.minimum_track_record(**R_INPUTS)
    },
    "R_PSR_edhec1_skew_kurt": probability(0.28),
    "R_PSR_edhec1_skew_only": probability(0.28, kurtosis=False),
    "R_PSR_edhec1_normal": probability(0.28, skew=False, kurtosis=False),
    "R_PSR_edhec1_ref0.23": probability(0.23, kurtosis=False),
    "R_MinTRL_edhec1": track_records,
}


@pytest.mark.parametrize("case_id", SHARPE_CASES)
def test_case_of_the_sharpe_ratio_tests(sharpe_cases, case_id):
    cases, returns = sharpe_cases
    case = cases[case_id]

    found = SHARPE_CASES[case_id](case["inputs"], returns)

    for name in case["expected"]:
        holds(found[name], case, name)


def test_no_case_is_left_out(golden, sharpe_cases):
    assert set(golden[0]) == {*MEASURES, *EVENT_DRIVEN}
    assert set(sharpe_cases[0]) == set(SHARPE_CASES)
    assert not [c["id"] for c in [*golden[0].values(), *sharpe_cases[0].values()] if c.get("status") == "rejected"]
