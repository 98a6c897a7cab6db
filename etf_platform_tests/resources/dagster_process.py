"""Dagster's webserver, daemon and code server as real processes, for the time of a `with` block."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import requests

from etf_platform_tests.resources.graphql import GraphQL


class Served(NamedTuple):
    """A running Dagster: its address, its API, and the file its processes write their output to."""

    url: str
    api: GraphQL
    log: Path


def free_port() -> int:
    """A port of the loopback interface that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve_dagster(
    dagster_home: Path, workspace_yaml: Path, env: Mapping[str, str] | None = None, timeout: float = 120
) -> Iterator[Served]:
    """Run `dagster dev` (webserver, daemon and one code server), in the Dagster home, until the block ends.

    Parameters
    ----------
    dagster_home : Path
        Folder with a `dagster.yaml`.
    workspace_yaml : Path
        Names the code locations; relative paths in it count from its own folder.
    env : mapping, optional
        Added to the environment of the processes.
    timeout : float
        Seconds until all code locations must be loaded.

    Raises
    ------
    AssertionError
        A process ended, a code location did not load, or the time is over; with the end of the processes' output.
    """
    port, log = free_port(), dagster_home / "dagster_dev.log"
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace_yaml)]
    variables = {**os.environ, "DAGSTER_HOME": str(dagster_home), "DAGSTER_DISABLE_TELEMETRY": "1", **(env or {})}
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=dagster_home,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        served = Served(url, GraphQL(url), log)
        _wait_until_loaded(served, process, timeout)
        yield served
    finally:
        _stop(process)


def _wait_until_loaded(served: Served, process: "subprocess.Popen[bytes]", timeout: float) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"dagster dev ended with {process.returncode}:\n{_tail(served.log)}")
        try:
            locations = served.api.locations()
        except requests.RequestException:
            locations = []
        errors = [entry for entry in locations if "Error" in (entry["locationOrLoadError"] or {}).get("__typename", "")]
        if errors:
            raise AssertionError(f"a code location did not load: {errors[0]['locationOrLoadError']['message']}")
        if locations and all(entry["loadStatus"] == "LOADED" for entry in locations):
            return
        time.sleep(0.3)
    raise AssertionError(f"dagster dev was not ready after {timeout:.0f} s:\n{_tail(served.log)}")


def _stop(process: "subprocess.Popen[bytes]", patience: float = 20) -> None:
    """Ask the parent to stop its children; then end what is left of its process group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    _kill_group(process.pid)
    process.wait(10)


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _tail(log: Path, characters: int = 3000) -> str:
    return log.read_text(errors="replace")[-characters:]
