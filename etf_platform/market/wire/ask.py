"""Asks one provider for one kind of content, request by request and page by page, and puts the answers together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from pydantic import SecretStr

from etf_platform.core.errors import SourceError, SourceUnavailableError
from etf_platform.core.units.source import Ask, Endpoint, Parsed, Request
from etf_platform.market.wire.send import NotConfiguredError, Sender

MOST_PAGES = 200


@dataclass(frozen=True, eq=False)
class Answer:
    """What one provider said.

    Attributes
    ----------
    frame, refused : DataFrame
        As `core.units.source.Parsed`.
    failures : tuple of str
        One sentence per request that brought nothing.
    notes : tuple of str
        Distinct notes of the parser.
    payloads : tuple of str
        SHA-256 of every reply, in the order they came.
    seconds : float
        Mean duration of a request.
    """

    frame: pd.DataFrame
    refused: pd.DataFrame
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()
    seconds: float = 0.0


def ask_all(
    endpoint: Endpoint, asks: Sequence[Ask], sender: Sender, most_failures: int = 0, token: SecretStr | None = None
) -> Answer:
    """Send every ask, and the pages that follow from them.

    Parameters
    ----------
    most_failures : int
        Asks that may fail; with one more the rest is not sent, because the answer could not be used.
    token : SecretStr or None
        For an endpoint whose `request` takes one.

    Raises
    ------
    SourceUnavailableError, SourceError
        More than `most_failures` asks, or all of them, failed: the last one's error, with the number of failures.
    """
    parsed: list[Parsed] = []
    failures: list[str] = []
    seconds: list[float] = []
    for sent, ask in enumerate(asks, 1):
        try:
            for page, took in _pages(endpoint, ask, sender, token):
                parsed.append(page)
                seconds.append(took)
        except NotConfiguredError:
            raise
        except SourceError as error:
            failures.append(error.saw)
            if len(failures) > most_failures or len(failures) == len(asks):
                saw = error.saw if len(asks) == 1 else f"{error.saw} (given up after {sent} of {len(asks)} requests)"
                kind = SourceUnavailableError if error.retryable else SourceError
                raise kind(error.doing, saw, error.remedy) from error
    return _together(parsed, failures, seconds)


def _pages(endpoint: Endpoint, ask: Ask, sender: Sender, token: SecretStr | None) -> Iterable[tuple[Parsed, float]]:
    following: Ask | None = ask
    for _ in range(MOST_PAGES):
        if following is None:
            return
        request: Request = endpoint.request(following) if token is None else endpoint.request(following, token)
        sent = sender.send(request)
        page = endpoint.parse(following, sent.reply)
        following = page.next_ask
        yield page, sent.seconds
    raise SourceError(f"asking {sender.source}", f"more than {MOST_PAGES} pages", "ask for less at a time")


def _together(parsed: Sequence[Parsed], failures: Sequence[str], seconds: Sequence[float]) -> Answer:
    def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()

    refused = stacked([p.refused for p in parsed])
    if len(refused):
        refused["position"] = refused.groupby(["date", "symbol"]).cumcount().astype("int64")
    return Answer(
        stacked([p.frame for p in parsed]),
        refused,
        tuple(failures),
        tuple(dict.fromkeys(note for p in parsed for note in p.notes)),
        tuple(p.payload_hash for p in parsed),
        sum(seconds) / len(seconds) if seconds else 0.0,
    )
