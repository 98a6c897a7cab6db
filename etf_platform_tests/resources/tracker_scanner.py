"""A scanner as a process of its own: it scans at every moment of a list, and dies where a plan says so.

The moment it has come to stands in a file, so that the next process goes on with the same one. Deaths are SIGKILL:
nothing is tidied up. Run as `python -m etf_platform_tests.resources.tracker_scanner PLAN.json`.
"""

import datetime as dt
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from etf_platform.alerts.post import Desk
from etf_platform.core.secrets import Secrets
from etf_platform.core.workspace import Workspace
from etf_platform.market.live import Wire
from etf_platform.market.wire.failover import Surroundings
from etf_platform.orchestration.live import OpsMemory
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking import keep, scan
from etf_platform.storage import tracker

BEFORE, INSIDE, AFTER = "before the transaction", "inside the transaction", "after the commit"


def run(plan: dict[str, Any]) -> None:
    """Scan at all moments that are left."""
    platform = Platform.open(Workspace(Path(plan["home"]), Path(plan["config"]), "live"))
    desk = Desk(platform.config.alerts, ("dingtalk",), Secrets())
    at, moments = Path(plan["at"]), [dt.datetime.fromisoformat(moment) for moment in plan["moments"]]
    while (number := int(at.read_text())) < len(moments):
        now = moments[number]
        arm(plan["deaths"].get(str(number)), Path(plan["died"]) / str(number))
        wire = Wire(platform.source, _around(platform, now), lambda _seconds: None)
        report = scan.scan_once(platform, now, "monitor", wire, desk)
        print(f"{now.isoformat()} {report}", flush=True)
        write(at, str(number + 1))


def arm(death: str | None, grave: Path) -> None:
    """Die once at this place of the coming scan."""
    if death is None or grave.exists():
        return

    def die(*_words: object, **_named: object) -> None:
        grave.write_text(death)
        os.kill(os.getpid(), signal.SIGKILL)

    places = {BEFORE: (scan, "keep"), INSIDE: (keep.tracker, "record_scan"), AFTER: (tracker, "drop_lease")}
    owner, name = places[death]
    setattr(owner, name, die)


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def _around(platform: Platform, now: dt.datetime) -> Surroundings:
    return Surroundings(OpsMemory(platform.ops, now.timestamp), now.timestamp, lambda: 0.5)


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()))
