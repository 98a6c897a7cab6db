"""Dagster's side of the monitor: the sensor `arbitrage_monitor`, and the job `arbitrage_scan`, which scans now.

Only where the installation asks the network. Not here: what a scan does.
"""

import dagster as dg

from etf_platform.core.config.models import LiveSource
from etf_platform.orchestration.alerting.sensors import least_seconds, scene_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking import JOB, SENSOR


def build_monitor(platform: Platform) -> tuple[list[dg.SensorDefinition], list[dg.JobDefinition]]:
    """The sensor and the job; none where the chosen source is not live."""
    if not isinstance(platform.source, LiveSource):
        return [], []
    return [_sensor(platform.config.arbitrage.strategy.scan_interval)], [_job()]


def _sensor(seconds: int) -> dg.SensorDefinition:
    @dg.sensor(
        name=SENSOR,
        description="Looks for limit-ups in the exchange's sessions and raises signals; says why it does not.",
        minimum_interval_seconds=least_seconds(seconds),
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform"},
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from etf_platform.orchestration.tracking.monitor import tick

        scene = scene_of(context)
        return dg.SkipReason(tick(scene.platform, scene.now, "sensor"))

    return sensor


def _job() -> dg.JobDefinition:
    @dg.op(
        name="scan", description="One scan, whether the monitor is wanted or not.", required_resource_keys={"platform"}
    )
    def scan(context) -> None:  # type: ignore[no-untyped-def]
        from etf_platform.orchestration.tracking.monitor import scan_and_tell, utc_now

        report = scan_and_tell(context.resources.platform, utc_now(), "dagster")
        context.log.info(str(report))
        if report.state == "failed":
            raise dg.Failure(report.detail, allow_retries=False)

    @dg.job(name=JOB, description="Looks for limit-ups now.")
    def arbitrage_scan() -> None:
        scan()

    return arbitrage_scan
