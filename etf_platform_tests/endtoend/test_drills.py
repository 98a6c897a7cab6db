"""Acceptance 3 under fire: processes killed at random moments, and two processes at once."""

import random
import time
from pathlib import Path

import pytest


def finished(child, log: Path, seconds: float = 300.0) -> None:
    """Wait for a process; it must end by itself, with a verdict and without a traceback."""
    child.join(seconds)
    assert child.exitcode in (0, 2), log.read_text()
    assert "Traceback" not in log.read_text()


def shoot(installation, day: str, after: float, log: Path) -> bool:
    """Start the run of a day and kill it after some seconds; tells whether it was still at work."""
    child = installation.process("run", "--date", day, log=log)
    child.join(after)
    was_alive = child.is_alive()
    child.kill()
    child.join()
    return was_alive


def drill(installation, wanted, days, kills: int, log: Path, seed: int) -> list[float]:
    """Kill runs day after day, let each day finish at last, compare after every kill; returns the moments that hit."""
    draw = random.Random(seed)
    untouched = {day: wanted.bits(until=day) for day in ("2024-12-27", *days)}
    dated = [a for a in untouched[days[0]] if a.endswith(("/bars", "/panel", "/targets"))]
    pace, hits, previous = 8.0, [], "2024-12-27"
    for i, day in enumerate(days):
        share = kills * (i + 1) // len(days) - kills * i // len(days)
        while share:
            after = draw.uniform(0.0, pace)
            if shoot(installation, day, after, log):
                hits.append(after)
                share -= 1
            else:
                pace *= 0.8
            got = installation.bits(until=previous)
            assert [a for a in dated if got[a] != untouched[previous][a]] == []
        began = time.monotonic()
        finished(installation.process("run", "--date", day, log=log), log)
        pace, previous = time.monotonic() - began, day
        got = installation.bits(until=day)
        assert [
            a
            for a in got
            if a.endswith(("/bars", "/panel", "/targets", "A_SHARE/snapshot")) and got[a] != untouched[day][a]
        ] == []
    return hits


def test_three_kills_leave_no_trace(installation, day_by_day, days, tmp_path):
    hits = drill(installation, day_by_day, days, 3, tmp_path / "log", seed=1)

    assert len(hits) == 3
    assert installation.bits() == day_by_day.bits()


@pytest.mark.drill
def test_twenty_kills_leave_no_trace(installation, day_by_day, days, tmp_path):
    hits = drill(installation, day_by_day, days, 21, tmp_path / "log", seed=20)

    print(f"21 kills at {', '.join(f'{s:.1f}' for s in hits)} s after the start of a run")
    assert installation.bits() == day_by_day.bits()


@pytest.mark.drill
def test_a_first_run_that_is_killed_leaves_no_trace(seeded, installed, tmp_path):
    fresh, draw = installed(tmp_path / "home", seeded.config), random.Random(3)

    for after in sorted(draw.uniform(0.5, 9.0) for _ in range(5)):
        shoot(fresh, "2024-12-27", after, tmp_path / "log")
    finished(fresh.process("run", "--date", "2024-12-27", log=tmp_path / "log"), tmp_path / "log")
    got, wanted = fresh.bits(), seeded.bits()
    assert got == wanted


@pytest.mark.drill
@pytest.mark.parametrize("delay", [0.0, 1.0, 3.0])
def test_two_backfills_at_once_lose_nothing(installation, seeded, days, tmp_path, delay):
    alone = seeded.copy(tmp_path / "alone")
    assert alone.cli("backfill", "--from", "2024-12-30", "--to", "2025-01-10").code in (0, 2)
    first = installation.process("backfill", "--from", "2024-12-30", "--to", "2025-01-07", log=tmp_path / "first")
    time.sleep(delay)

    second = installation.process("backfill", "--from", "2025-01-02", "--to", "2025-01-10", log=tmp_path / "second")

    finished(first, tmp_path / "first")
    finished(second, tmp_path / "second")
    assert installation.bits() == alone.bits()
