"""How many changing requests one client may make. Not here: who may make any (`security`)."""

from collections import OrderedDict, deque

WINDOW = 60.0  # seconds
CLIENTS = 10_000


class Rates:
    """Times of the last requests of every client; those who came longest ago are forgotten first.

    Parameters
    ----------
    per_minute : int
        Requests allowed in any 60 seconds.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Count a request at `now` (seconds of a monotonic clock); 0, or the seconds after which one is allowed again.

        A request that is refused does not count.
        """
        times = self._seen.setdefault(client, deque())
        self._seen.move_to_end(client)
        while len(self._seen) > CLIENTS:
            self._seen.popitem(last=False)
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= self._per_minute:
            return times[0] + WINDOW - now
        times.append(now)
        return 0.0
