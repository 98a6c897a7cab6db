"""What the routes read through: made once per application, handed to each request. No rules, no rendering."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from etf_platform.web.holdings import Holdings
from etf_platform.web.picking import Picker
from etf_platform.web.services import Services


@dataclass(frozen=True)
class Reading:
    """The installation, and the readers that keep something between requests."""

    services: Services
    picker: Picker
    holdings: Holdings

    @classmethod
    def of(cls, services: Services) -> "Reading":
        """Readers of an installation."""
        return cls(services, Picker(services.lake), Holdings(services))


def _reading(request: Request) -> Reading:
    found: Reading = request.app.state.reading
    return found


Read = Annotated[Reading, Depends(_reading)]
