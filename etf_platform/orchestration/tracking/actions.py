"""What the web server may ask of the platform: a scan now, an event back-test in the background.

A back-test runs in a thread of its own, one at a time, and keeps its state in the ops database: whoever looks sees it,
and one whose process died is shown as failed. Not here: the back-test itself.
"""

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from etf_platform.core.errors import PlatformError
from etf_platform.orchestration.platform import Platform, resolve
from etf_platform.orchestration.tracking.monitor import scan_and_tell, utc_now
from etf_platform.storage import tracker

RUN = "etf_platform.orchestration.experiments:event_backtest"
UNFINISHED = ("queued", "running")
SILENT = dt.timedelta(minutes=30)  # a back-test reports more often than this, or its process is gone

Advance = Callable[[float, str], None]


class TrackerActions:
    """`web.services.Actions` of one installation.

    Parameters
    ----------
    platform : Platform
    dagster : str or None
        Address of Dagster's UI.
    run : callable or None
        `run(platform, params, advance) -> dict`; None takes the platform's own back-test.
    """

    def __init__(
        self,
        platform: Platform,
        dagster: str | None = None,
        run: Callable[[Platform, Mapping[str, Any], Advance], Mapping[str, Any]] | None = None,
    ) -> None:
        self._platform, self._dagster, self._run = platform, dagster, run
        self._one_at_a_time = threading.Lock()
        abandon(platform, utc_now())

    def scan_now(self) -> tuple[str, str]:
        """Scan once, now; state and sentence. Raises PlatformError where the installation asks no network."""
        report = scan_and_tell(self._platform, utc_now(), "api")
        return report.state, report.detail

    def start_backtest(self, params: Mapping[str, Any]) -> str:
        """Queue an event back-test; its id."""
        now = utc_now()
        name = f"BT_{now:%Y%m%d%H%M%S}_{uuid.uuid4().hex[:6]}"
        tracker.put_backtest(self._platform.ops, name, now, params=dict(params), message="queued")
        threading.Thread(target=self._work, args=(name, dict(params)), name=name, daemon=True).start()
        return name

    def dagster_url(self) -> str | None:
        """Address of Dagster's UI; None where it is not known."""
        return self._dagster

    def _work(self, name: str, params: Mapping[str, Any]) -> None:
        with self._one_at_a_time:
            run = self._run or resolve(RUN)
            if not self._put(name, status="running", message="running"):
                return
            ended: dict[str, Any] = {"status": "failed", "message": "it broke; the server's log has the details"}
            try:
                result = run(self._platform, params, lambda share, said: self._advance(name, share, said))
                ended = {"status": "completed", "progress": 1.0, "message": "completed", "result": dict(result)}
            except PlatformError as error:
                ended["message"] = str(error)
            finally:
                self._put(name, **ended)

    def _advance(self, name: str, share: float, said: str) -> None:
        self._put(name, progress=min(max(share, 0.0), 1.0), message=said)

    def _put(self, name: str, **values: Any) -> bool:
        return tracker.put_backtest(self._platform.ops, name, utc_now(), **values)


def abandon(platform: Platform, now: dt.datetime) -> list[str]:
    """Mark back-tests as failed that have not been heard of for half an hour; their ids."""
    lost = [
        row["backtest_id"]
        for row in tracker.backtests(platform.ops)
        if row["status"] in UNFINISHED and row["updated_at"] < now - SILENT
    ]
    for name in lost:
        tracker.put_backtest(platform.ops, name, now, status="failed", message="the process that ran it is gone")
    return lost
