"""The daily regression: commands of `governance.yaml`, each in a process of its own, and the gate that they make.

`python` and `etf-platform` mean this interpreter and this package; `{session}` is the session that is looked at. The
secret of a person is never handed down. Not here: what the gate says (`governance.weekly.daily_regression_gate`).
"""

import datetime as dt
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from etf_platform.governance.weekly import daily_regression_gate
from etf_platform.governance.weekly.artefact import monday_of, read
from etf_platform.governance.weekly.daily_regression_gate import NOT_RUN, OUT_OF_TIME, Ran
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.weekly.week import Week, document_of
from etf_platform.reports.weekly.daily_regression_gate import render

Command = Sequence[str] | str
SECRET = "ETF_PLATFORM_SIGN_SECRET"
THIS = {
    "python": (sys.executable,),
    "etf-platform": (sys.executable, "-c", "from etf_platform.cli import main; main()"),
}


def run_regression(
    platform: Platform, week: str, commands: Sequence[Command] | None = None, session: dt.date | None = None
) -> dict[str, Any]:
    """Run the commands and write the gate of a week; the document.

    Parameters
    ----------
    week : str
        `YYYY-Www`: whose folder the gate is written to.
    commands : sequence of command, optional
        Words, or a line that is split as a shell would; default those of `governance.yaml`.
    session : date, optional
        Default: the last session of the week that is over, else the last one before the week.

    Raises
    ------
    BadInputError
        No such week.
    """
    monday = monday_of(week)
    found = Week(platform, Window(session or monday, session or monday))
    day = session or _last_over(
        platform, found, dt.datetime.now(ZoneInfo(platform.config.governance.daily.timezone)).date()
    )
    _write(found, platform, commands, day)
    return read(found.where, daily_regression_gate.NAME) or {}


def write_daily_regression(platform: Platform, universe: str, window: Window) -> Outcome:
    """The regression of the window's last session, into the folder of its week."""
    week = Week(platform, window)
    if week.is_signed(daily_regression_gate.NAME):
        return week.left_alone(daily_regression_gate.NAME)
    assert window.end is not None
    at = window.end
    sessions = platform.sessions(PORTFOLIO)
    day = at if sessions.is_session(at) else sessions.previous(at).date()
    return _write(week, platform, None, day)


def run(words: Sequence[str], env: Mapping[str, str], seconds: float, shown: str = "") -> Ran:
    """One command: 127 when it cannot be started, 124 when it takes longer than `seconds`."""
    began = time.perf_counter()

    def ran(code: int, output: str) -> Ran:
        return Ran(shown or shlex.join(words), code, time.perf_counter() - began, output)

    if not words:
        return ran(NOT_RUN, "the command is empty")
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    try:
        done = subprocess.run([*words], env=dict(env), timeout=seconds, check=False, stdin=subprocess.DEVNULL, **told)  # type: ignore[call-overload]
    except OSError as error:
        return ran(NOT_RUN, f"{words[0]}: {error.strerror or error}")
    except subprocess.TimeoutExpired as error:
        said = error.output.decode(errors="replace") if isinstance(error.output, bytes) else error.output or ""
        return ran(OUT_OF_TIME, f"{said}\nended after {seconds:g} s")
    return ran(done.returncode, done.stdout)


def _last_over(platform: Platform, week: Week, today: dt.date) -> dt.date:
    over = [day for day in week.sessions if day < today]
    return over[-1] if over else platform.sessions(PORTFOLIO).previous(min(week.monday, today)).date()


def _write(week: Week, platform: Platform, commands: Sequence[Command] | None, day: dt.date) -> Outcome:
    settings = platform.config.governance.regression
    asked = settings.commands if commands is None else commands
    env = {**os.environ, **platform.workspace.to_env()}
    env.pop(SECRET, None)
    ran = []
    for command in asked:
        words, shown = _words(command, day)
        ran.append(run(words, env, settings.timeout_seconds, shown))
    artefact = daily_regression_gate.build(ran, str(day), week.about(with_inputs=False))
    return week.write(artefact, render(document_of(artefact)))


def _words(command: Command, day: dt.date) -> tuple[list[str], str]:
    """What is run, and how it is shown."""
    try:
        plain = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError:
        return [], str(command)
    plain = [word.replace("{session}", str(day)) for word in plain]
    return [*THIS.get(plain[0], (plain[0],)), *plain[1:]] if plain else [], shlex.join(plain)
