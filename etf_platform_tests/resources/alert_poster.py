"""A sensor in a process of its own: posts numbered failures with its cursor, and may be killed at any time."""

import argparse
import datetime as dt
import time
from pathlib import Path

from etf_platform.alerts.channel import ready_names
from etf_platform.alerts.dispatch import utc_now
from etf_platform.alerts.events import Block, Event, Kind, Severity
from etf_platform.alerts.lines import open_lines
from etf_platform.alerts.post import Desk, post
from etf_platform.core.config.alerts import AlertsConfig
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.secrets import Secrets
from etf_platform.storage.opsdb import open_ops
from etf_platform.storage.outbox import read_cursor, transaction

CURSOR, EVERY = "drill", 21  # the last of every 21 events is a run failure


def event(number: int, now: dt.datetime) -> Event:
    """Event `number`, of one of 40 checks or 5 jobs; its subject ends in `<order key> E<number>`."""
    is_run = number % EVERY == EVERY - 1
    order = f"run:job{number // EVERY % 5}" if is_run else f"check:c{number % 40:02d}"
    kind = Kind.RUN_FAILURE if is_run else Kind.CHECK_FAILURE
    reason = Block("", (("reason", "coverage 0.71 is below 0.80"), ("pool", "A_SHARE")))
    return Event(f"event {number}", kind, Severity.ERROR, f"[FAIL] {order} E{number:04d}", now, order, (reason,))


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--ops", "--alerts", "--folder"):
        parser.add_argument(name)
    parser.add_argument("--events", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--pause", type=float)
    o = parser.parse_args()
    config = AlertsConfig.model_validate(parse_yaml(Path(o.alerts).read_text()))
    secrets = Secrets.from_env()
    desk = Desk(config, ready_names(open_lines(config, secrets, Path(o.folder))), secrets)
    engine, done = open_ops(o.ops), 0
    while done < o.events:
        with transaction(engine) as connection:
            start = int(read_cursor(connection, CURSOR) or 0)
            done, now = min(start + o.batch, o.events), utc_now()
            post(connection, [event(i, now) for i in range(start, done)], desk, now, (CURSOR, str(done)))
        time.sleep(o.pause)
    while True:  # like a sensor with nothing to find
        time.sleep(1)


if __name__ == "__main__":
    main()
