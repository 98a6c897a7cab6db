"""The outbox of one installation: which channels are ready, and one round of delivery.

Not here: how letters are delivered, which is `alerts.dispatch`.
"""

from etf_platform.alerts.channel import Line, ready_names
from etf_platform.alerts.dispatch import Budget, DispatchReport, dispatch
from etf_platform.alerts.lines import open_lines
from etf_platform.alerts.post import Desk
from etf_platform.core.secrets import Secrets
from etf_platform.orchestration.platform import Platform

FOLDER = "alerts"


def lines_of(platform: Platform) -> tuple[Line, ...]:
    """The channels that have their credentials in the environment of this process."""
    return open_lines(platform.config.alerts, Secrets.from_env(), platform.workspace.home / FOLDER)


def desk_of(platform: Platform) -> Desk:
    """What posting needs to know."""
    return Desk(platform.config.alerts, ready_names(lines_of(platform)), Secrets.from_env())


def deliver(platform: Platform, seconds: float) -> DispatchReport:
    """Deliver what is due, for so many seconds at most."""
    return dispatch(platform.ops, lines_of(platform), desk_of(platform), budget=Budget(seconds))


def sentence_of(report: DispatchReport) -> str:
    """What a round of delivery did."""
    done = f"{report.letters} event(s) delivered in {report.messages} message(s)"
    wrong = {"failed": report.failed, "held back by a rate limit": report.limited, "given up": report.dead}
    return ", ".join([done, *(f"{number} {what}" for what, number in wrong.items() if number)])
