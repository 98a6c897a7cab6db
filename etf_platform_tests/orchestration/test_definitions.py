"""The code location: it validates, it is light, and every pool in YAML has its whole column of assets and checks."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import dagster as dg
import pytest

from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.platform import Platform, resolve

HEAVY = ["numba", "scipy", "matplotlib", "pandas", "pyarrow", "duckdb", "deltalake", "exchange_calendars", "sqlalchemy"]
LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
POOL_COLUMN = {
    "market/{}/history",
    "market/{}/bars",
    "factors/{}/history",
    "factors/{}/panel",
    "factors/{}/summary",
    "factors/{}/quality",
    "strategies/{}/history",
    "strategies/{}/targets",
    "backtest/{}/rotation",
    "backtest/{}/capacity",
    "kpi/{}/snapshot",
    "risk/{}/forecasts",
    "risk/{}/coverage",
    "risk/{}/attribution",
    "risk/{}/effects",
    "paper/{}/account",
    "governance/{}/consistency",
    "drift/{}/features",
    "kpi/{}/values",
    "governance/{}/gates",
}
WEEKLY_DOCUMENTS = [
    "performance_baseline",
    "latency_benchmark",
    "kpi_snapshot",
    "risk_exceptions",
    "change_rollback_record",
    "operating_audit",
    "pnl_attribution",
    "live_deviation_snapshot",
    "consistency_replay",
    "drift_report",
    "canary_checklist",
    "adr",
    "decision_log",
    "manual_status",
    "signoff_pack",
]
UNIVERSE_COLUMN = {
    "market/US/bars",
    "indicators/US/daily",
    "strategies/US/signals",
    "backtest/US/trend",
    "reports/US/signal",
    "risk/US/forecasts",
    "risk/US/coverage",
    "reports/US/risk",
}
TRACKER_ASSETS = {
    "market/STOCK/stock_list",
    "market/STOCK/bars",
    "market/FUND/bars",
    "market/FUND/holdings",
    "arbitrage/STOCK/limit_states",
    "arbitrage/STOCK/expectations",
    "arbitrage/STOCK/outcomes",
    "backtest/STOCK/arbitrage",
}
SCORING_ASSETS = {
    "market/ASSETS/bars",
    "market/ASSETS/series",
    "scoring/ASSETS/scores",
    "scoring/ASSETS/evaluation",
    "reports/ASSETS/market",
}
HALTING = {
    "market/{}/bars": {"freshness", "completeness", "broken_members", "unit_mismatch"},
    "factors/{}/panel": {"t_plus_1", "coverage", "index_spec", "zero_variance", "failed_factors"},
}
SESSIONS_PER_YEAR = {2020: 243, 2021: 243, 2022: 242, 2023: 242, 2024: 242, 2025: 243}  # Shanghai, as it happened


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Definitions of the shipped configuration."""
    workspace = Workspace(tmp_path_factory.mktemp("home"), packaged_config())
    return definitions_of(Platform.open(workspace))


@pytest.fixture(scope="module")
def graph(shipped):
    return shipped.resolve_asset_graph()


@pytest.fixture(scope="module")
def warm_home(shipped, tmp_path_factory):
    """A home whose calendar cache is filled, as it is after the first load."""
    home = tmp_path_factory.mktemp("warm")
    definitions_of(Platform.open(Workspace(home, packaged_config())))
    assert list((home / "cache").glob("closed_XSHG_*.json"))
    return home


def _python(home, *arguments):
    environment = {**os.environ, **Workspace(home, packaged_config()).to_env()}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, cwd=home)


def test_dagster_validates_the_code_location(warm_home):
    done = _python(warm_home, "-m", "dagster", "definitions", "validate", "-m", "etf_platform.definitions")

    assert done.returncode == 0, done.stdout + done.stderr


def test_loading_the_code_location_imports_nothing_heavy(warm_home):
    """Every process of Dagster loads it: the webserver's code server, each run, each sensor tick."""
    program = f"import sys, etf_platform.definitions; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = _python(warm_home, "-c", program)

    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_a_pool_added_in_yaml_has_its_whole_column_of_assets_and_checks(small, tmp_path):
    platform = small.open(tmp_path, pools={"A_SHARE": ["510300.SH"], "GOLD": ["518880.SH", "518850.SH"]})
    graph = definitions_of(platform).resolve_asset_graph()

    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {key for key in keys if "/GOLD/" in key} == {address.format("GOLD") for address in POOL_COLUMN}
    for address, fuses in HALTING.items():
        checks = {check.name for check in graph.asset_check_keys if check.asset_key == _key(address.format("GOLD"))}
        assert fuses <= checks


@pytest.mark.parametrize("address", sorted(HALTING))
def test_halting_fuses_are_blocking_checks(graph, address):
    key = _key(address.format("QDII"))
    blocking = {check.name for check in graph.asset_check_keys if check.asset_key == key and graph.get(check).blocking}

    assert blocking == HALTING[address]


def test_every_asset_says_what_it_is(graph):
    """Owner, kinds, description; its group is the first segment of its key."""
    for key in graph.get_all_asset_keys():
        node = graph.get(key)

        assert node.owners == ["team:etf-ops"], key
        assert node.kinds, key
        assert node.group_name == key.path[0]
        assert len(node.description or "") > 20, key


def test_every_asset_with_a_table_shows_its_columns_with_units(graph):
    with_table = {key for key in graph.get_all_asset_keys() if key.path[0] not in ("reports", "governance", "alerts")}
    for key in with_table:
        columns = graph.get(key).metadata["dagster/column_schema"].columns

        assert len(columns) >= 3, key
        assert all(column.description.endswith("]") and " [" in column.description for column in columns), key


def test_simulated_data_are_labelled_in_every_description(graph, tmp_path):
    """And a real source is not; the heartbeat of the alerts holds no market data."""
    real = definitions_of(Platform.open(Workspace(tmp_path, packaged_config(), source="tushare_daily")))

    keys = [key for key in graph.get_all_asset_keys() if key.path[0] != "alerts"]
    assert all("SIMULATED DATA" in graph.get(key).description for key in keys)
    assert not any("SIMULATED" in node.description for node in real.resolve_asset_graph().asset_nodes)


def test_a_live_source_has_listings_their_check_and_a_schedule_in_the_session(shipped, graph, tmp_path):
    """And no other source has any of it."""
    live = definitions_of(Platform.open(Workspace(tmp_path, packaged_config(), source="live")))
    schedule, key = live.resolve_schedule_def("quotes_XSHG"), _key("market/A_SHARE/listings")

    assert key in live.resolve_asset_graph().get_all_asset_keys()
    checks = live.resolve_asset_graph().asset_check_keys
    assert {check.name for check in checks if check.asset_key == key} == {"names_agree"}
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("50 14 * * 1-5", "Asia/Shanghai")
    assert schedule.job_name == "quotes"
    assert key not in graph.get_all_asset_keys()
    assert "quotes_XSHG" not in {s.name for s in shipped.get_repository_def().schedule_defs}


def test_quotes_are_asked_for_on_sessions_only_and_know_their_day(tmp_path):
    """The first session after Spring Festival 2024, and a day of the festival."""
    live = definitions_of(Platform.open(Workspace(tmp_path, packaged_config(), source="live")))

    (request,) = _tick(live, "quotes_XSHG", "2024-02-19 14:50").run_requests
    skipped = _tick(live, "quotes_XSHG", "2024-02-12 14:50")

    assert (request.run_key, request.tags["dagster/partition"]) == ("2024-02-19", "2024-02-19")
    asked = {f"market/{pool}/{name}" for pool in ("A_SHARE", "QDII", "OTHER") for name in ("quotes", "listings")}
    assert asked <= {key.to_user_string() for key in request.asset_selection}
    assert skipped.skip_message == "2024-02-12 is no session of the exchange"


def _tick(definitions, name, when):
    """What a schedule says at a moment of Shanghai time."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime.fromisoformat(f"{when}+08:00"),
            repository_def=definitions.get_repository_def(),
        )
        return definitions.resolve_schedule_def(name).evaluate_tick(context)


def test_every_step_names_a_function_that_exists():
    from etf_platform.orchestration.graph import LIVE_STEPS, POOL_STEPS, PORTFOLIO_STEPS, UNIVERSE_STEPS
    from etf_platform.orchestration.graph_arbitrage import ARBITRAGE_STEPS
    from etf_platform.orchestration.graph_scoring import SCORING_STEPS

    for step in (*POOL_STEPS, *PORTFOLIO_STEPS, *UNIVERSE_STEPS, *LIVE_STEPS, *ARBITRAGE_STEPS, *SCORING_STEPS):
        assert callable(resolve(step.run)), step.address


def test_only_what_a_person_needs_by_day_has_partitions(graph):
    partitioned = {k.to_user_string() for k in graph.get_all_asset_keys() if graph.get(k).is_partitioned}

    of_a_pool = ("market/{}/bars", "factors/{}/panel", "strategies/{}/targets", "kpi/{}/snapshot", "risk/{}/forecasts")
    of_a_pool += ("paper/{}/account", "governance/{}/consistency", "drift/{}/features", "kpi/{}/values")
    of_a_pool += ("governance/{}/gates",)
    wanted = {address.format(pool) for address in of_a_pool for pool in ("A_SHARE", "QDII", "OTHER")}
    of_us = {"market/US/bars", "indicators/US/daily", "strategies/US/signals", "reports/US/signal", "risk/US/forecasts"}
    of_tracker = {
        "market/FUND/bars",
        "market/STOCK/bars",
        "arbitrage/STOCK/limit_states",
        "arbitrage/STOCK/expectations",
    }
    of_portfolio = {"kpi/portfolio/snapshot", "risk/portfolio/forecasts"}
    of_portfolio |= {"kpi/portfolio/values", "reports/portfolio/kpi_board", "governance/portfolio/daily_regression"}
    of_portfolio |= {f"governance/portfolio/{name}" for name in WEEKLY_DOCUMENTS}
    assert partitioned == wanted | of_us | of_tracker | SCORING_ASSETS | of_portfolio


def test_a_universe_has_its_whole_column_of_assets(graph):
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}

    assert {key for key in keys if "/US/" in key} == UNIVERSE_COLUMN


def test_the_limit_up_tracker_has_its_own_assets_job_schedule_and_fuses(shipped, graph):
    """None of the pools' fuses judges all stocks: their tables would not fit into memory twice."""
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    checks = {(check.asset_key.to_user_string(), check.name) for check in graph.asset_check_keys}
    schedule = shipped.resolve_schedule_def("arbitrage")
    backtest = graph.get(_key("backtest/STOCK/arbitrage"))

    assert {key for key in keys if "/STOCK/" in key or "/FUND/" in key} == TRACKER_ASSETS
    assert {pair for pair in checks if "/STOCK/" in pair[0] or "/FUND/" in pair[0]} == {
        ("arbitrage/STOCK/limit_states", "stocks_are_all_there"),
        ("arbitrage/STOCK/limit_states", "limits_are_known"),
        ("market/FUND/holdings", "holdings_are_fresh"),
    }
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 18 * * 1-5", "Asia/Shanghai")
    assert {"market/FUND/holdings", "market/FUND/bars"} <= {key.to_user_string() for key in backtest.parent_keys}
    job = shipped.resolve_job_def("arbitrage")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == TRACKER_ASSETS


def test_the_tracker_reports_on_sessions_only(shipped):
    (request,) = _tick(shipped, "arbitrage", "2024-02-19 18:00").run_requests

    assert request.partition_key == "2024-02-19"
    assert _tick(shipped, "arbitrage", "2024-02-12 18:00").skip_message == "2024-02-12 is no session of the exchange"


def test_the_scored_assets_have_their_own_job_schedule_and_checks(shipped, graph):
    """A constant total stops the report; the rest is told."""
    checks = {check.name: check for check in graph.asset_check_keys if "/ASSETS/" in check.asset_key.to_user_string()}
    job, schedule = shipped.resolve_job_def("scoring"), shipped.resolve_schedule_def("scoring")

    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == SCORING_ASSETS
    assert {name: check.asset_key.to_user_string() for name, check in checks.items()} == {
        "factors_cover_the_assets": "scoring/ASSETS/scores",
        "enough_assets_are_scored": "scoring/ASSETS/scores",
        "totals_differ": "scoring/ASSETS/scores",
        "inputs_keep_coming": "scoring/ASSETS/scores",
        "probabilities_have_skill": "scoring/ASSETS/evaluation",
    }
    assert {name for name, check in checks.items() if graph.get(check).blocking} == {"totals_differ"}
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("45 16 * * 1-5", "Asia/Shanghai")


def test_scores_are_made_on_sessions_only(shipped):
    (request,) = _tick(shipped, "scoring", "2024-02-19 16:45").run_requests

    assert request.partition_key == "2024-02-19"
    assert _tick(shipped, "scoring", "2024-02-12 16:45").skip_message == "2024-02-12 is no session of the exchange"


def test_a_universe_follows_the_clock_of_its_own_exchange(shipped, graph):
    """Thanksgiving is no session in New York, Golden Week none in Shanghai; New York's job starts after its close."""
    us = graph.get(_key("market/US/bars")).partitions_def.get_partition_keys(current_time=LONG_AFTER)
    schedule = shipped.resolve_schedule_def("trend_US")

    assert "2024-11-28" not in us and "2024-11-28" in _partitions(graph)
    assert "2024-10-02" in us and "2024-10-02" not in _partitions(graph)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 17 * * 1-5", "America/New_York")


def test_shanghais_evening_knows_new_yorks_session_of_the_day_before():
    """At 18:00 in Shanghai on a Tuesday the last closed session of New York is Monday's."""
    from etf_platform.market.calendar import sessions
    from etf_platform.market.freshness import last_closed_session

    evening = datetime(2024, 3, 5, 10, tzinfo=UTC)

    assert str(last_closed_session(sessions("XSHG"), evening).date()) == "2024-03-05"
    assert str(last_closed_session(sessions("XNYS"), evening).date()) == "2024-03-04"


def test_partitions_are_the_sessions_of_the_exchange(graph):
    """No weekend, no holiday (12 February 2024 is Spring Festival), as many as the exchange held."""
    keys = _partitions(graph)
    per_year = {year: sum(key.startswith(str(year)) for key in keys) for year in SESSIONS_PER_YEAR}

    assert keys[0] == "2020-01-02"
    assert all(date.fromisoformat(key).weekday() < 5 for key in keys)
    assert "2024-02-12" not in keys and "2024-02-08" in keys and "2024-02-19" in keys
    assert per_year == SESSIONS_PER_YEAR


def test_the_last_partition_is_the_last_session_that_the_calendar_knows(graph):
    import exchange_calendars

    known = exchange_calendars.get_calendar("XSHG", start="2020-01-02").sessions
    assert _partitions(graph)[-1] == known[-1].date().isoformat()
    assert len(_partitions(graph)) == len(known)


def test_a_days_partition_exists_at_its_own_18_oclock_and_not_the_evening_before(graph):
    partitions = graph.get(_key("market/A_SHARE/bars")).partitions_def
    evening, before = datetime(2024, 3, 1, 10, tzinfo=UTC), datetime(2024, 2, 29, 15, 59, tzinfo=UTC)

    assert partitions.get_partition_keys(current_time=evening)[-1] == "2024-03-01"
    assert partitions.get_partition_keys(current_time=before)[-1] == "2024-02-29"


def _key(address: str) -> dg.AssetKey:
    return dg.AssetKey(address.split("/"))


def _partitions(graph) -> list[str]:
    return list(graph.get(_key("market/A_SHARE/bars")).partitions_def.get_partition_keys(current_time=LONG_AFTER))
