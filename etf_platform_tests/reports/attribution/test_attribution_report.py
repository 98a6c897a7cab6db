"""The attribution report and its plots: content, states, empty tables, the simulated label, same bytes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.reports.attribution import AttributionReport, render_attribution
from etf_platform.reports.plots import attribution as plots

DAY = pd.Timestamp("2025-01-10")


def totals(source="local", **changes):
    row = {
        "period": "all", "horizon": "close", "strategy": "rotation", "n_fills": 12, "n_unmatched": 0,
        "spread_capture": -10.0, "adverse_selection_cost": -25.0, "inventory_cost": 275.0, "hedging_cost": 0.0,
        "fees": -5.25, "residual": 0.0, "net_pnl": 234.75, "delay": np.nan, "coverage": 1.0, "reason": "no_hedge",
    }  # fmt: skip
    return pd.DataFrame([row | {"source": source} | changes])


def weeks(n=3, source="local"):
    labels = [f"{2024 + i // 52}-W{i % 52 + 1:02d}" for i in range(n)]
    return pd.concat([totals(source, period=label, inventory_cost=275.0 * (-1) ** i) for i, label in enumerate(labels)])


def groups(source="local"):
    row = {
        "portfolio_weight": 0.6,
        "benchmark_weight": 0.5,
        "allocation": 0.004,
        "selection": -0.01,
        "interaction": 0.001,
    }
    table = pd.DataFrame([{"group": "broad"} | row, {"group": "bond"} | row])
    return table.assign(total=-0.005, source=source)


def factors(source="local"):
    rows = [("MOM_20", 0.4, 0.02), ("market", -0.02, -0.001), ("residual", np.nan, 0.003), ("total", np.nan, 0.022)]
    table = pd.DataFrame(rows, columns=["factor", "exposure", "contribution"])
    return table.assign(n_sessions=5, n_insufficient=0, source=source)


def report(source="local", **changes):
    made = AttributionReport(
        subject="A_SHARE",
        as_of=DAY,
        strategies=("rotation",),
        totals=totals(source),
        weeks=weeks(source=source),
        sectors=totals(source).assign(sector="broad"),
        groups=groups(source),
        factors=factors(source),
        versions={"risk/A_SHARE/fill_attribution": 3},
    )
    return replace(made, **changes)


def test_says_the_state_and_the_parts_in_order():
    markdown, html = render_attribution(report())

    assert markdown.startswith("# PASS: all parts of 1 strategies are there")
    wanted = ["## Counts", "## Attribution Snapshot", "## Missing Entries", "## Parse Errors", "## By week"]
    places = [markdown.index(title) for title in wanted]
    assert places == sorted(places)
    row = "| rotation | close | 12 | -10.00 | -25.00 | 275.00 | 0.00 | -5.25 | 0.00 | 234.75 | n/a | 1.000 | no_hedge |"
    assert row in markdown
    assert html.count("<img") == 4
    assert "http" not in html


@pytest.mark.parametrize("name", ["strategies", "fully_populated", "missing_entries", "parse_errors"])
def test_counts_are_there(name):
    markdown, _ = render_attribution(report(), with_plots=False)

    expected = {"strategies": 1, "fully_populated": 1, "missing_entries": 0, "parse_errors": 0}
    assert f"| {name} | {expected[name]} |" in markdown


def test_a_strategy_without_rows_is_missing_and_blocks():
    made = report(strategies=("rotation", "EMA_trend_v3"))

    assert (len(made.missing), made.fully_populated) == (1, 1)
    assert made.state()[0] is State.BLOCKED
    assert "| EMA_trend_v3 | all parts | no row is stored |" in render_attribution(made, with_plots=False)[0]


def test_a_part_that_is_not_defined_is_named():
    made = report(totals=totals(fees=np.nan, residual=np.nan))

    assert [entry.entry for entry in made.missing] == ["fees (horizon close)", "residual (horizon close)"]
    assert made.state()[0] is State.BLOCKED


def test_fills_without_a_mid_are_listed_and_warn():
    lost = pd.DataFrame([{"date": DAY, "symbol": "510300.SH", "side": "buy", "quantity": 100.0, "price": 4.012}])
    made = report(totals=totals(n_unmatched=1), unmatched=lost)

    markdown, _ = render_attribution(made, with_plots=False)

    assert markdown.startswith("# WARN")
    assert "1 of 12 fills have no mid" in markdown
    assert "| 2025-01-10 | 510300.SH | buy | 100 | 4.012 |" in markdown


@pytest.mark.parametrize(("table", "entry"), [("groups", "by group"), ("factors", "by factor")])
def test_an_active_return_that_is_not_explained_is_missing_and_warns(table, entry):
    """The fills close, but half of the report is not there: the first line must not say that all is well."""
    made = report(**{table: pd.DataFrame()})

    state, why = made.state()

    assert (state, made.fully_populated) == (State.WARN, 0)
    assert why.startswith(f"rotation, active return {entry}: no ")
    assert f"| rotation | active return {entry} |" in render_attribution(made, with_plots=False)[0]


def test_fills_of_a_file_have_no_benchmark_and_no_section_about_one():
    made = report(groups=pd.DataFrame(), factors=pd.DataFrame(), has_benchmark=False)

    markdown, _ = render_attribution(made, with_plots=False)

    assert markdown.startswith("# PASS")
    assert "Brinson" not in markdown
    assert "by factor" not in markdown


def test_low_coverage_fails():
    state, why = report(totals=totals(coverage=0.85, residual=-60.0)).state()

    assert state is State.FAIL
    assert why == "rotation to close is explained to 0.8500, wanted is 0.9"


def test_files_that_could_not_be_read_are_told_and_block():
    made = report(parse_errors={"fills.csv": "no column fee"})

    markdown, _ = render_attribution(made, with_plots=False)

    assert markdown.startswith("# BLOCKED: fills.csv could not be read: no column fee")
    assert "| fills.csv | no column fee |" in markdown


def test_nothing_stored_is_blocked_and_rendered():
    nothing = AttributionReport("QDII", DAY, ("rotation",), blocked="the back-test has not run")

    markdown, html = render_attribution(nothing)

    assert markdown.startswith("# BLOCKED: the back-test has not run")
    assert "<img" not in html
    assert render_attribution(replace(nothing, strategies=(), blocked=""))[0].startswith("# BLOCKED")


def test_simulated_data_are_labelled_and_only_those():
    assert all("SIMULATED DATA" in text for text in render_attribution(report("sample: simulated"), with_plots=False))
    assert not any("SIMULATED" in text for text in render_attribution(report(), with_plots=False))


def test_the_same_input_gives_the_same_bytes():
    assert render_attribution(report()) == render_attribution(report())


def test_names_cannot_become_markup():
    evil = report(totals=totals(strategy="<b>|x"), strategies=("<b>|x",))

    markdown, html = render_attribution(evil, with_plots=False)

    assert "<b>|x" not in markdown
    assert "<b>|x" not in html.replace("<b>BLOCKED", "")


DRAWN = [
    pytest.param(plots.attribution_waterfall, totals, id="waterfall"),
    pytest.param(plots.attribution_by_week, lambda source="local": weeks(3, source), id="weeks"),
    pytest.param(plots.brinson_effects, groups, id="groups"),
    pytest.param(plots.factor_contributions, factors, id="factors"),
]


@pytest.mark.parametrize(("draw", "make"), DRAWN)
def test_plots_are_small_and_labelled(draw, make):
    real, simulated = draw(make()), draw(make("simulated"))

    assert real.startswith(b"\x89PNG") and len(real) < 60_000
    assert real != simulated
    assert draw(make()) == real


@pytest.mark.parametrize(("draw", "make"), DRAWN)
def test_plots_of_nothing_say_so(draw, make):
    assert draw(make().head(0)).startswith(b"\x89PNG")
    assert draw(pd.DataFrame()) == draw(pd.DataFrame())


def test_plots_of_undefined_parts_and_of_zeros_do_not_stop():
    zeros = dict.fromkeys(("spread_capture", "adverse_selection_cost", "inventory_cost", "fees", "net_pnl"), 0.0)

    for table in (totals(fees=np.nan), totals(**zeros)):
        assert plots.attribution_waterfall(table).startswith(b"\x89PNG")
        assert plots.attribution_by_week(table).startswith(b"\x89PNG")


def test_hundreds_of_weeks_show_the_last_year():
    assert plots.attribution_by_week(weeks(300)) == plots.attribution_by_week(weeks(300).tail(53))
