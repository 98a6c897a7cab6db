"""Event back-tests: start, list, read, remove. Running them is done by others."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query

from etf_platform.arbitrage.choose import every_evaluator
from etf_platform.core.errors import BadInputError, UnknownUnitError
from etf_platform.storage import tracker
from etf_platform.web import compatible as original
from etf_platform.web.failures import NotFoundError
from etf_platform.web.models import compatible
from etf_platform.web.models.paging import Done
from etf_platform.web.picking import Row
from etf_platform.web.reading import Read, Reading
from etf_platform.web.symbols import names

router = APIRouter(tags=["compatible"])
BacktestId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
STARTING = "starting a back-test"
UNFINISHED = "Backtest not completed yet"


@router.post("/api/backtest/start")
def start(read: Read, request: compatible.BacktestRequest) -> compatible.Backtest:
    """Queue an event back-test over the stored history."""
    known = [unit.name for unit in every_evaluator()]
    if request.evaluator_type not in known:
        saw = f"there is no evaluator {request.evaluator_type!r}"
        raise UnknownUnitError(STARTING, saw, f"use one of {', '.join(known)}")
    _refuse(read, request)
    backtest_id = read.services.actions.start_backtest(request.model_dump())
    row = tracker.backtest(read.services.ops, backtest_id)
    if row is None:
        return compatible.Backtest(backtest_id=backtest_id, status="queued", progress=0.0, message="回测任务已加入队列")
    return _shown(row)


@router.get("/api/backtest")
def listed(
    read: Read, limit: Annotated[int, Query(ge=1, le=100)] = 100, offset: Annotated[int, Query(ge=0, le=1000)] = 0
) -> compatible.Backtests:
    """Back-tests, newest first."""
    rows = tracker.backtests(read.services.ops, limit + offset, results=False)[offset:]
    return compatible.Backtests(jobs=[_job(row) for row in rows])


@router.get("/api/backtest/{backtest_id}")
def one(read: Read, backtest_id: BacktestId) -> compatible.Backtest:
    """State of a back-test, and its result when it is there."""
    row = _row(read, backtest_id)
    if row["result"]:
        shown = [original.backtest_signal(signal) for signal in row["result"].get("signals") or ()]
        row["result"] |= {"signals": shown, "statistics": _statistics(read, row["result"])}
    return _shown(row)


@router.get("/api/backtest/{backtest_id}/signals")
def signals(
    read: Read,
    backtest_id: BacktestId,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 100_000,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> compatible.BacktestSignals:
    """Signals of a finished back-test; 400 before it is."""
    found = _result(read, backtest_id).get("signals") or []
    shown = [original.backtest_signal(row) for row in found[offset : offset + limit]]
    return compatible.BacktestSignals(signals=shown, total=len(found))


@router.get("/api/backtest/{backtest_id}/statistics")
def statistics(read: Read, backtest_id: BacktestId) -> dict[str, Any]:
    """Statistics of a finished back-test; 400 before it is."""
    return _statistics(read, _result(read, backtest_id))


@router.delete("/api/backtest/{backtest_id}")
def remove(read: Read, backtest_id: BacktestId) -> Done:
    """Remove a back-test and its result."""
    if not tracker.delete_backtest(read.services.ops, backtest_id):
        raise _missing(backtest_id)
    return Done(status="success", message=f"Backtest {backtest_id} deleted")


def _refuse(read: Reading, request: compatible.BacktestRequest) -> None:
    """Say now what the back-test would refuse later."""
    if request.granularity != "daily":
        raise BadInputError(STARTING, f"no bars of {request.granularity} are stored", "ask for daily")
    if request.interpolation == "linear" and not read.services.config.arbitrage.strategy.original_compatible:
        saw = "interpolation between two reports knows the later one before it was published"
        raise BadInputError(STARTING, saw, "ask for step, or set strategy.original_compatible")


def _row(read: Reading, backtest_id: str) -> Row:
    row = tracker.backtest(read.services.ops, backtest_id)
    if row is None:
        raise _missing(backtest_id)
    return row


def _result(read: Reading, backtest_id: str) -> Row:
    row = _row(read, backtest_id)
    if row["status"] != "completed":
        raise HTTPException(400, UNFINISHED)
    return row["result"] or {}


def _statistics(read: Reading, result: Row) -> Row:
    counted = result.get("statistics") or {}
    return original.backtest_statistics(counted, names(read.services, original.symbols_in(counted)))


def _missing(backtest_id: str) -> NotFoundError:
    return NotFoundError("looking up a back-test", f"there is no {backtest_id}", "take an id of /api/backtest")


def _shown(row: Row) -> compatible.Backtest:
    kept = {name: row[name] for name in ("backtest_id", "status", "progress", "result")}
    return compatible.Backtest(**kept, message=row["message"] or None)


def _job(row: Row) -> compatible.BacktestJob:
    return compatible.BacktestJob(
        backtest_id=row["backtest_id"],
        job_id=row["backtest_id"],
        status=row["status"],
        progress=row["progress"],
        modified_time=row["updated_at"].astimezone(dt.UTC).isoformat(timespec="seconds"),
        **{name: row["params"].get(name) for name in ("start_date", "end_date", "granularity")},
    )
