"""How fast a host may be asked: a token bucket as a value. No clock, no sleeping, no storage."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Bucket:
    """Tokens left at a moment (seconds on any clock); negative while requests already promised wait for theirs."""

    tokens: float
    at: float


def take(bucket: Bucket | None, now: float, rate: float, burst: float) -> tuple[Bucket, float]:
    """Take one token, if need be one that is yet to come.

    Parameters
    ----------
    bucket : Bucket or None
        None is a host that was never asked: its bucket is full.
    now : float
        Seconds. A clock that was set back adds no tokens.
    rate, burst : float
        Tokens per second, and how many a bucket holds (at least 1).

    Returns
    -------
    (Bucket, float)
        The bucket afterwards and the seconds to wait before sending. Whoever asks in turn waits in turn, so that in no
        stretch of s seconds more than burst + rate * s requests leave.
    """
    before = bucket or Bucket(burst, now)
    passed = max(0.0, now - before.at)
    tokens = min(burst, before.tokens + passed * rate) - 1.0
    left = replace(before, tokens=tokens, at=max(now, before.at))
    return left, max(0.0, -tokens / rate)
