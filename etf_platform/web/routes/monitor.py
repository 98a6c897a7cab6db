"""Starting, stopping and asking for scans. Scanning itself is done by others."""

from fastapi import APIRouter

from etf_platform.storage import tracker
from etf_platform.web.models.paging import Done
from etf_platform.web.reading import Read

router = APIRouter(tags=["compatible"])
BY = "api"


@router.post("/api/monitor/scan")
def scan(read: Read) -> Done:
    """Scan now; `failed` where no source answered, with the reason. Outside of the session nothing is asked."""
    state, sentence = read.services.actions.scan_now()
    status = "failed" if state == "failed" else "success"
    return Done(status=status, message=read.services.secrets.mask(f"{state}: {sentence}"))


@router.post("/api/monitor/start")
def start(read: Read) -> Done:
    """Have the monitor run; it stays so over restarts."""
    if tracker.want(read.services.ops, "running", BY, read.services.now()):
        return Done(status="started", message="持续监控已启动")
    return Done(status="already_running", message="监控已在运行中")


@router.post("/api/monitor/stop")
def stop(read: Read) -> Done:
    """Have the monitor pause; it stays so over restarts."""
    if tracker.want(read.services.ops, "stopped", BY, read.services.now()):
        return Done(status="stopped", message="持续监控已停止")
    return Done(status="not_running", message="监控未在运行")
