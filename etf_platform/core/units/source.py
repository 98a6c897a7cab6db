"""What a live source is: for each kind of content how to ask for it and how to read the answer. It never sends.

An ask (`QuoteAsk`, `BarAsk`, ...) says what is wanted. `Endpoint.request(ask)` turns it into a `Request`, somebody else
sends that and comes back with a `Reply`, and `Endpoint.parse(ask, reply)` turns the bytes into a `Parsed`. The units
themselves are one file per provider in `etf_platform/market/sources`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr

from etf_platform.core.errors import PassingReplyError, ReplyError, ReplyKind, UnknownUnitError

if TYPE_CHECKING:
    import pandas as pd

Content = Literal["quotes", "bars", "minutes", "lists", "pools", "holdings", "limits"]
Period = Literal["day", "week", "month"]
Adjust = Literal["none", "qfq", "hfq"]
Pool = Literal["limit_up", "opened", "limit_down", "yesterday", "strong", "sub_new"]

PASSING: tuple[ReplyKind, ...] = ("cut", "html", "empty", "blocked", "wrong_date", "rate")
REMEDIES: dict[ReplyKind, str] = {
    "token": "set a valid token in the environment",
    "points": "ask another source, or widen what the account may ask for",
}


@dataclass(frozen=True)
class QuoteAsk:
    """The latest quotes of some symbols; with `session`, quotes of any other day are refused."""

    symbols: tuple[str, ...]
    session: date | None = None


@dataclass(frozen=True)
class BarAsk:
    """Bars of one symbol dated in [start, end]."""

    symbol: str
    start: date
    end: date
    period: Period = "day"
    adjust: Adjust = "none"


@dataclass(frozen=True)
class MinuteAsk:
    """The minutes of one symbol on one session."""

    symbol: str
    session: date


@dataclass(frozen=True)
class ListAsk:
    """One page of a provider's list of instruments; `group` is a name of the provider's module."""

    group: str
    page: int = 1
    size: int = 100
    session: date | None = None


@dataclass(frozen=True)
class PoolAsk:
    """One of the provider's pools of stocks at or near their limits on one session."""

    pool: Pool
    session: date


@dataclass(frozen=True)
class HoldingsAsk:
    """The published holdings of one fund in one calendar year."""

    symbol: str
    year: int
    topline: int = 10


@dataclass(frozen=True)
class LimitAsk:
    """The price limits of every stock and fund on one session."""

    session: date


Ask: TypeAlias = QuoteAsk | BarAsk | MinuteAsk | ListAsk | PoolAsk | HoldingsAsk | LimitAsk


@dataclass(frozen=True)
class Request:
    """What to send.

    Attributes
    ----------
    url : str
        Scheme, host and path.
    params : tuple of (str, str)
        Query parameters in order.
    headers : mapping
    body : mapping or None
        JSON object to post; its secrets are SecretStr, so that neither `repr` nor `str` of a request shows them.
    encoding : str
        Text encoding of the reply.
    """

    url: str
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    encoding: str = "utf-8"
    method: Literal["GET", "POST"] = "GET"

    @property
    def host(self) -> str:
        """Host that is asked: what rates and breakers are counted by."""
        return urlsplit(self.url).netloc

    def at(self, base: str) -> "Request":
        """The same request to another scheme and host, e.g. `http://127.0.0.1:8001`."""
        path = urlsplit(self.url).path
        return replace(self, url=base.rstrip("/") + path)

    def content(self) -> bytes | None:
        """The body as it goes over the wire, secrets in the clear; only for the sender."""
        return None if self.body is None else json.dumps(_revealed(self.body), ensure_ascii=False).encode()


@dataclass(frozen=True)
class Reply:
    """What came back: the bytes and the moment (with time zone) at which they had arrived."""

    body: bytes = field(repr=False)
    fetched_at: datetime

    @cached_property
    def payload_hash(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a reply holds.

    Attributes
    ----------
    frame : DataFrame
        Accepted rows in house units, columns of the endpoint's table (bars: `market.sources.ROW_COLUMNS`).
    refused : DataFrame
        QUARANTINE rows: every row of the reply that is not in `frame`, with rule and reason.
    payload_hash : str
        SHA-256 of the bytes.
    missing : tuple of str
        Symbols asked for of which the reply says nothing.
    expected : int or None
        Rows that the provider says this reply has; None where it does not say.
    next_ask : Ask or None
        The following page, if there is one.
    notes : tuple of str
        What else the caller should know, e.g. that prices came unadjusted.
    """

    frame: "pd.DataFrame"
    refused: "pd.DataFrame"
    payload_hash: str
    missing: tuple[str, ...] = ()
    expected: int | None = None
    next_ask: Ask | None = None
    notes: tuple[str, ...] = ()

    @property
    def completeness(self) -> float:
        """Accepted rows as a share of all that were asked for or announced; 1 where none were."""
        wanted = self.expected if self.expected is not None else 0
        total = max(wanted, len(self.frame) + len(self.refused) + len(self.missing))
        return len(self.frame) / total if total else 1.0


@dataclass(frozen=True)
class Endpoint:
    """One kind of content of one provider.

    Attributes
    ----------
    provides : str
        Kind of content.
    request : callable
        `request(ask) -> Request`; of a source that needs a token, `request(ask, token: SecretStr)`.
    parse : callable
        `parse(ask, reply) -> Parsed`; raises ReplyError where the envelope cannot be used.
    batch : int
        Most symbols, or rows, in one request.
    recorded : bool
        The parser is verified against recorded bytes of the provider.
    """

    provides: Content
    request: Callable[..., Request]
    parse: Callable[[Any, Reply], Parsed]
    batch: int = 1
    recorded: bool = True


@dataclass(frozen=True)
class LiveSource:
    """A provider.

    Attributes
    ----------
    name : str
        Rows carry `live:<name>`.
    hosts : tuple of str
        The only hosts that its requests may go to, mirrors of one another included.
    endpoints : tuple of Endpoint
    rate : float
        Requests per second that the provider bears.
    needs_token : bool
    """

    name: str
    hosts: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    rate: float
    needs_token: bool = False

    @property
    def provides(self) -> tuple[Content, ...]:
        """Kinds of content."""
        return tuple(e.provides for e in self.endpoints)

    def endpoint(self, content: Content) -> Endpoint:
        """How to ask for and read one kind of content; raises UnknownUnitError."""
        for endpoint in self.endpoints:
            if endpoint.provides == content:
                return endpoint
        raise UnknownUnitError(
            f"asking {self.name} for {content}", f"it gives {', '.join(self.provides)}", "ask another source"
        )


def reply_error(kind: ReplyKind, doing: str, saw: str) -> ReplyError:
    """The error of one kind of unusable reply; retryable where a later attempt may succeed."""
    if kind in PASSING:
        return PassingReplyError(doing, saw, "ask again later or ask another source", kind)
    return ReplyError(doing, saw, REMEDIES.get(kind, "ask another source"), kind)


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: _revealed(inner) for key, inner in value.items()}
    return value
