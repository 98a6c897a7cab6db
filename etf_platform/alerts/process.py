"""A dispatcher in a process of its own: `python -m etf_platform.alerts.process`. For drills and for a service unit."""

import time
from pathlib import Path

import click

from etf_platform.alerts.channel import ready_names
from etf_platform.alerts.dispatch import Budget, dispatch
from etf_platform.alerts.lines import open_lines
from etf_platform.alerts.post import Desk
from etf_platform.core.config.alerts import AlertsConfig
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.secrets import Secrets


@click.command()
@click.option("--ops", required=True, help="SQLAlchemy URL of the ops database.")
@click.option("--alerts", "file", required=True, type=click.Path(exists=True, path_type=Path), help="alerts.yaml.")
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="Where the dry run writes.")
@click.option("--tick", default=5.0, help="Seconds between two looks.")
@click.option("--seconds", default=None, type=float, help="End after so long; without it, run until stopped.")
@click.option("--minute", default=60.0, help="Seconds that rate limits count as a minute; only drills change it.")
def main(ops: str, file: Path, folder: Path, tick: float, seconds: float | None, minute: float) -> None:
    """Deliver what is due, look again after a tick."""
    import datetime as dt

    from etf_platform.storage.opsdb import open_ops

    config = AlertsConfig.model_validate(parse_yaml(file.read_text(encoding="utf-8")))
    secrets = Secrets.from_env()
    lines = open_lines(config, secrets, folder)
    desk = Desk(config, ready_names(lines), secrets)
    engine = open_ops(ops)
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        dispatch(engine, lines, desk, budget=Budget(minute=dt.timedelta(seconds=minute)))
        time.sleep(tick)


if __name__ == "__main__":
    main()
