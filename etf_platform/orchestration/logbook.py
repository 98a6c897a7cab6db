"""One log file per production run, kept 30 days: what ran, how it ended, and why a step stopped."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import Platform

if TYPE_CHECKING:
    from etf_platform.orchestration.runner import JobResult

KEPT = timedelta(days=30)
PATTERN = "production_*.log"


def write_log(platform: Platform, results: "Sequence[JobResult]", overview: str, now: datetime | None = None) -> Path:
    """Write `production_<stamp>.log` below `paths.logs_root`, readable by owner and group; drop those past 30 days."""
    stamp = now or datetime.now()
    folder = platform.workspace.resolve(platform.config.etf_pools.paths.logs_root)
    path = folder / f"production_{stamp:%Y%m%d_%H%M%S}.log"
    replace_text(path, "\n".join([*_lines(platform, results), "", overview]))
    path.chmod(0o640)
    for old in folder.glob(PATTERN):
        if stamp - datetime.fromtimestamp(old.stat().st_mtime) > KEPT:
            old.unlink()
    return path


def _lines(platform: Platform, results: "Sequence[JobResult]") -> list[str]:
    note = platform.note("")
    lines = [f"source {note['source']}, configuration {note['config']}, code {note['code']}, process {os.getpid()}"]
    for result in results:
        ended = "done" if result.succeeded else "stopped"
        lines.append(f"{result.job} {ended} in {result.seconds:.1f} s, run {result.run_id}")
        lines += [f"  {step.replace('__', '/')}: {sentence}" for step, sentence in result.problems]
    return lines
