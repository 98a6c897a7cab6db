"""The weekly exception report on tables written by hand: what is said, what is missing, and the same bytes twice."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from etf_platform.core.states import State
from etf_platform.core.tables import COVERAGE, EXCEPTIONS
from etf_platform.reports.plots.risk import exceptions_plot, lights_board
from etf_platform.reports.risk import WeeklyRisk, render_weekly

FRIDAY = pd.Timestamp("2024-08-09")
DAYS = pd.bdate_range(end=FRIDAY, periods=250)
METHODS = ("filtered_historical", "historical", "parametric")


def exceptions(series: str = "QQQ.US", source: str = "local") -> pd.DataFrame:
    """Losses of 5 % on Monday and Tuesday of the week, and on one day in March; VaR 3 %."""
    returns = np.full(250, 0.001)
    returns[[149, -5, -4]] = -0.05
    rows = pd.DataFrame({"date": DAYS, "forecast_date": DAYS - pd.Timedelta(days=1), "return": returns})
    both = [rows.assign(method=m, level=level) for m in METHODS for level in (0.95, 0.99)]
    table = pd.concat(both).assign(series=series, var=0.03, es=0.04, sigma=0.012, source=source)
    return table.assign(is_breach=table["return"] < -table["var"]).sort_values(list(EXCEPTIONS.key), ignore_index=True)


def coverage(series: str = "QQQ.US", light: str = "green", source: str = "local", **changes: object) -> pd.DataFrame:
    status = {"green": "PASS", "yellow": "WARN", "red": "FAIL"}[light]
    action = {"green": "none", "yellow": "review within one business day", "red": "freeze"}[light]
    rows = pd.DataFrame([(m, level) for m in METHODS for level in (0.95, 0.99)], columns=["method", "level"])
    figures = {
        "first_date": DAYS[0], "last_date": FRIDAY, "n_forecasts": 250, "n_breaches": 3, "expected": 2.5,
        "kupiec": 0.0949, "kupiec_p": 0.758, "tuff": 5.3, "independence": 5.425, "conditional": 5.52,
        "light": light, "z1": -0.25, "z2": -0.5, "z2_p": 0.21, "mcneil_frey_p": np.nan, "clusters": "2024-08-06",
        "worst": -0.05, "worst_date": FRIDAY, "status": status, "reason": "" if light == "green" else f"{light}: 3",
        "action": action,
    }  # fmt: skip
    table = rows.assign(series=series, source=source, **(figures | changes))
    return table.assign(is_governing=(table["method"] == "filtered_historical") & (table["level"] == 0.99))


@pytest.fixture
def report() -> WeeklyRisk:
    return WeeklyRisk(
        as_of=FRIDAY,
        generated_at=pd.Timestamp("2024-08-09T22:00", tz="UTC"),
        series=("QQQ.US",),
        exceptions=exceptions(),
        coverage=coverage(),
        parameters={"QQQ.US": "buy and hold"},
        versions={"risk/US/coverage": 7},
        config_digest="9f1c2ab4",
        code_commit="0ddba11",
    )


def test_the_frames_of_these_tests_fit_their_tables() -> None:
    assert EXCEPTIONS.conform(exceptions()).num_rows == 1500
    assert COVERAGE.conform(coverage()).num_rows == 6


def test_the_first_line_says_the_state_and_the_week(report: WeeklyRisk) -> None:
    markdown, html = render_weekly(report, with_plots=False)

    assert markdown.startswith("# PASS: every governing forecast is broken as often as it should be; 2 sessions")
    assert "Weekly VaR exception report 2024-W32, as of the close of **2024-08-09**" in markdown
    assert "<title>PASS: Weekly VaR exception report 2024-W32</title>" in html


def test_breaches_of_the_week_stand_with_the_methods_they_broke(report: WeeklyRisk) -> None:
    """Monday and Tuesday, once per level; the one in March is not of this week."""
    markdown, _ = render_weekly(report, with_plots=False)
    section = markdown.split("## Methods side by side")[0]

    assert "## Breaches from 2024-08-05 to 2024-08-09" in section
    assert "| 2024-08-05 | QQQ.US | 0.99 | -5.00 % | 3.00 % | filtered historical, historical, parametric |" in section
    assert section.count("| 2024-08-0") == 4


def test_tests_lights_clusters_and_actions_of_every_method_are_shown(report: WeeklyRisk) -> None:
    markdown, _ = render_weekly(report, with_plots=False)

    assert "| filtered historical (governs) | 0.99 | 250 | 3 | 2.50 | green | 0.095 | 0.758 | 5.300\\* |" in markdown
    assert "| 5.425\\* | 5.520 | -0.250 | -0.500 | 0.210 | n/a |" in markdown
    assert "| historical | 0.95 | PASS | none | -5.00 % | 2024-08-09 | 2024-08-06 | - |" in markdown
    assert "Experiment or parameters: buy and hold." in markdown


@pytest.mark.parametrize(("light", "state"), [("yellow", State.WARN), ("red", State.FAIL)])
def test_the_governing_light_is_the_state_of_the_report(report: WeeklyRisk, light: str, state: State) -> None:
    found = replace(report, coverage=coverage(light=light)).overall()

    assert found == (state, f"QQQ.US {state}; 2 sessions of the week below a VaR")


def test_positions_are_named_worst_first_where_they_are_known(report: WeeklyRisk) -> None:
    rows = [(DAYS[-5], "QQQ.US", "AAPL.US", -0.01), (DAYS[-5], "QQQ.US", "NVDA.US", -0.03)]
    known = pd.DataFrame(rows, columns=["date", "series", "symbol", "contribution"])

    markdown, _ = render_weekly(replace(report, contributors=known), with_plots=False)

    assert "NVDA.US -3.00 %, AAPL.US -1.00 %" in markdown


def test_what_is_missing_is_blocked_and_named(report: WeeklyRisk) -> None:
    """No rows at all, a series without coverage, too few forecasts, and tests of an earlier week."""
    few = {"status": "BLOCKED", "reason": "insufficient: 60 forecasts, at least 100 are needed"}
    cases = {
        "no coverage is stored": replace(report, exceptions=pd.DataFrame(), coverage=pd.DataFrame()),
        "no method can be tested: insufficient: 60 forecasts": replace(
            report, coverage=coverage(**few).assign(light="")
        ),
        "stale: the last session tested is 2024-08-02": replace(
            report, coverage=coverage(last_date=pd.Timestamp("2024-08-02"))
        ),
    }

    for why, case in cases.items():
        markdown, html = render_weekly(case, with_plots=False)
        assert markdown.startswith(f"# BLOCKED: QQQ.US BLOCKED ({why}")
        assert f"BLOCKED: {why}" in markdown
        assert "BLOCKED" in html
    assert replace(report, series=()).overall()[0] is State.BLOCKED
    assert "No exceptions are stored" in render_weekly(cases["no coverage is stored"], with_plots=False)[0]


def test_a_week_without_breaches_says_so(report: WeeklyRisk) -> None:
    calm = report.exceptions[report.exceptions["date"] < "2024-08-01"]

    markdown, _ = render_weekly(replace(report, exceptions=calm), with_plots=False)

    assert "None: no return of the week fell below any VaR." in markdown


def test_simulated_data_are_labelled_in_both_texts(report: WeeklyRisk) -> None:
    simulated = replace(report, exceptions=exceptions(source="sample: simulated, seed 1"))

    for text in render_weekly(simulated, with_plots=False):
        assert "SIMULATED DATA" in text
    assert "SIMULATED" not in "".join(render_weekly(report, with_plots=False))


def test_the_same_inputs_give_the_same_bytes(report: WeeklyRisk) -> None:
    """Plots included; one per series and the board of lights."""
    first, second = render_weekly(report), render_weekly(report)

    assert first == second
    assert first[1].count("data:image/png;base64,") == 2
    assert len(first[1]) < 200_000


def test_names_cannot_become_markup(report: WeeklyRisk) -> None:
    odd = "<b>|x"
    hostile = replace(report, series=(odd,), exceptions=exceptions(odd), coverage=coverage(odd))

    markdown, html = render_weekly(hostile, with_plots=False)

    assert "<b>|x" not in markdown
    assert "&lt;b&gt;|x" in html


@pytest.mark.parametrize("source", ["local", "simulated"])
def test_plots_are_small_labelled_pngs(source: str) -> None:
    for png in (exceptions_plot(exceptions(source=source), "QQQ.US"), lights_board(coverage(source=source))):
        image = Image.open(BytesIO(png)).convert("RGB")
        corner = np.asarray(image.crop((image.width - 150, 0, image.width, 40)), dtype=int)
        label = (np.abs(corner - [213, 94, 0]).sum(axis=2) < 30).sum() > 500

        assert len(png) < 60_000
        assert label == (source == "simulated")


def test_plots_without_rows_say_what_is_missing() -> None:
    for png in (
        exceptions_plot(pd.DataFrame()),
        exceptions_plot(exceptions(), level=0.975),
        exceptions_plot(exceptions(), methods=("evt_pot",)),
        exceptions_plot(exceptions().head(1)),
        lights_board(pd.DataFrame()),
        lights_board(coverage(light="green", status="BLOCKED").assign(light="")),
    ):
        assert png.startswith(b"\x89PNG")
