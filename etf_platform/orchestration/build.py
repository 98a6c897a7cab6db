"""Puts the code location together from a workspace: assets, checks, jobs, schedule, sensors, resources."""

import dagster as dg

from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.alerting.heartbeat import build_heartbeat
from etf_platform.orchestration.alerting.sensors import build_alert_sensors
from etf_platform.orchestration.assets import build_assets
from etf_platform.orchestration.checks import build_checks
from etf_platform.orchestration.gate_checks import build_gate_checks
from etf_platform.orchestration.graph_operations import WEEKLY
from etf_platform.orchestration.jobs import (
    build_arbitrage_schedule,
    build_checks_schedules,
    build_jobs,
    build_quotes_schedules,
    build_schedule,
    build_scoring_schedule,
    build_sensors,
    build_universe_schedules,
    build_weekly_schedule,
)
from etf_platform.orchestration.maintenance import build_maintenance
from etf_platform.orchestration.operating import build_operating
from etf_platform.orchestration.partitions import session_partitions, weekly_partitions
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.progress import progress_logger
from etf_platform.orchestration.rematerialise import build_rematerialise
from etf_platform.orchestration.tracking.sensor import build_monitor

SHANGHAI = "Asia/Shanghai"


def build_definitions(workspace: Workspace) -> dg.Definitions:
    """The code location of one workspace.

    Raises
    ------
    ConfigError
        The configuration is wrong; the message lists every problem.
    """
    return definitions_of(Platform.open(workspace))


def definitions_of(platform: Platform) -> dg.Definitions:
    """The code location of an opened platform."""
    partitions = _partitions(platform)
    jobs = build_jobs(platform)
    again, restated = build_rematerialise(platform, jobs)
    heartbeat, sensors_work = build_heartbeat(platform)
    monitors, scans = build_monitor(platform)
    operating = build_operating(platform, jobs, partitions)
    return dg.Definitions(
        assets=[*build_assets(platform, partitions), heartbeat],
        asset_checks=[*build_checks(platform), *build_gate_checks(platform), sensors_work],
        jobs=[*jobs.values(), again, build_maintenance(), *scans, operating.retrain],
        schedules=[
            build_schedule(platform, jobs["daily"], partitions[PORTFOLIO]),
            build_weekly_schedule(platform, jobs["weekly"]),
            build_arbitrage_schedule(platform, jobs, partitions),
            build_scoring_schedule(platform, jobs, partitions),
            *build_universe_schedules(platform, jobs, partitions),
            *build_quotes_schedules(platform, jobs, partitions),
            *build_checks_schedules(platform, jobs["checks"]),
            *operating.schedules,
        ],
        sensors=[
            *build_sensors(jobs["daily"], jobs["portfolio"]),
            *build_alert_sensors(platform),
            restated,
            *monitors,
            *operating.sensors,
        ],
        resources={"platform": platform},
        loggers={"progress": progress_logger},
    )


def _partitions(platform: Platform) -> dict[str, dg.PartitionsDefinition]:
    pools = platform.config.etf_pools.pools.members
    made = {
        name: session_partitions(platform.workspace, platform.config, pool.calendar, pool.timezone)
        for name, pool in pools.items()
    }
    universes = {
        name: session_partitions(platform.workspace, platform.config, universe.calendar, universe.timezone)
        for name, universe in platform.config.universes.universes.items()
    }
    shanghai = session_partitions(platform.workspace, platform.config, "XSHG", SHANGHAI)
    tracker, scored = platform.config.arbitrage, platform.config.scoring.universe
    others = dict.fromkeys((tracker.stocks, tracker.funds, scored), shanghai)
    weeks = weekly_partitions(platform.workspace, platform.config, "XSHG", SHANGHAI)
    return made | universes | others | {PORTFOLIO: next(iter(made.values())), WEEKLY: weeks}
