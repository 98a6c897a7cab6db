"""A sample of a look's quotes, asked again at a second provider: a feed may be wrong and look healthy.

Not here: the gates that an answer must pass by itself (`market.wire.gates`), storing anything.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core.errors import SourceError
from etf_platform.core.states import State
from etf_platform.core.units.source import QuoteAsk
from etf_platform.market.instruments import tick_size
from etf_platform.market.live import Served, Wire
from etf_platform.market.wire.compare import DIFFERS, compare_closes, sample_of
from etf_platform.market.wire.health import after_failure, after_success

if TYPE_CHECKING:
    from etf_platform.market.calendar import Sessions


@dataclass(frozen=True)
class Opinion:
    """What a second provider says.

    Attributes
    ----------
    source : str
        The provider; empty where none could be asked.
    compared, differ : int
        Symbols that both have a price of, and those of them on which they differ.
    detail : str
        The first of those.
    """

    source: str = ""
    compared: int = 0
    differ: int = 0
    detail: str = ""

    @property
    def state(self) -> State:
        """WARN when half of the sample or more differs; prices also move between two requests."""
        return State.WARN if self.compared and 2 * self.differ >= self.compared else State.PASS

    @property
    def sentence(self) -> str:
        """What differs; empty where nothing does."""
        return f"{self.differ} of {self.compared} prices differ at {self.source}: {self.detail}" if self.differ else ""


NOBODY = Opinion()


def second_opinion(wire: Wire, sessions: "Sessions", quotes: pd.DataFrame, day: pd.Timestamp, source: str) -> Opinion:
    """Compare a sample of traded quotes with the first healthy provider that gives them in one request.

    Parameters
    ----------
    quotes : DataFrame
        QUOTES rows of `day`.
    source : str
        The provider they are from.
    """
    traded = quotes[quotes["is_traded"].astype(bool)]
    asked = sample_of(sorted(traded["symbol"]), day, wire.settings.sample)
    others = [
        served for served in wire.serving(sessions.exchange, "quotes") if _may_ask(wire, served, source, len(asked))
    ]
    if not asked or not others:
        return NOBODY
    served, now = others[0], wire.around.clock()
    try:
        answer = wire.ask(served, [QuoteAsk(asked, day.date())])
    except SourceError as error:
        reason, draw = error.saw, wire.around.draw()
        wire.around.memory.change(served.name, lambda health: after_failure(health, now, draw, reason))
        return NOBODY
    wire.around.memory.change(served.name, lambda health: after_success(health, now, answer.seconds))
    return _compared(wire, traded, answer.frame, asked, day, (source, served.name))


def _may_ask(wire: Wire, served: Served, source: str, size: int) -> bool:
    takes = min(served.provider.batch, served.endpoint.batch) >= size
    return served.name != source and takes and not wire.around.memory.health(served.name).breaker.failures


def _compared(
    wire: Wire,
    first: pd.DataFrame,
    second: pd.DataFrame,
    asked: tuple[str, ...],
    day: pd.Timestamp,
    names: tuple[str, str],
) -> Opinion:
    settings = wire.settings
    ticks = pd.Series({symbol: tick_size(symbol) * settings.sample_ticks for symbol in asked})
    ours, theirs = first.assign(close=first["last"]), second.assign(close=second["last"])
    rows = compare_closes(ours, theirs, asked, ticks, settings.sample_share, day, names)
    known, wrong = rows[rows["difference"].notna()], rows[rows["verdict"] == DIFFERS]
    detail = "" if wrong.empty else "{symbol} {close:g} against {close_other:g}".format(**wrong.iloc[0])
    return Opinion(names[1], len(known), len(wrong), detail)
