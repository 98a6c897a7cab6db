"""What only a live source has: quotes of the moment, names and listings, the comparison with a second provider."""

from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.live import LiveSource
from etf_platform.core.errors import ConfigError
from etf_platform.core.names import same_name
from etf_platform.market.instruments import tick_size
from etf_platform.market.listings import listings
from etf_platform.market.live import pull_quotes, second_bars
from etf_platform.market.wire.compare import AGREES, compare_closes, sample_of
from etf_platform.orchestration.live import wire_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables

if TYPE_CHECKING:
    from collections.abc import Sequence


def write_quotes(platform: Platform, universe: str, window: Window) -> Outcome:
    """The latest quotes of every member; those of the same session stored before are replaced."""
    tables = StepTables(platform, window)
    members = platform.config.members(universe)
    pulled = pull_quotes(wire_of(platform, _settings(platform)), members, platform.sessions(universe))
    quotes, refused = pulled.answer.frame, pulled.answer.refused
    day = quotes["date"].max().date()
    tables.write(t.QUOTES, universe, quotes[quotes["date"] == pd.Timestamp(day)].reset_index(drop=True), day, day)
    answered = set(quotes["symbol"])
    facts = {
        "source used": f"live:{pulled.source}",
        "sources tried before": "; ".join(f"{a.source}: {a.reason}" for a in pulled.attempts if a.reason) or "none",
        "quotes": len(quotes),
        "of an earlier session": int((quotes["date"] < pd.Timestamp(day)).sum()),
        "members without a quote": ", ".join(s for s in members if s not in answered) or "none",
        "refused rows": len(refused),
        "other names than in instruments.yaml": _renamed(platform, quotes),
    }
    frames = {"refused rows": refused[["symbol", "rule", "reason"]]} if len(refused) else {}
    return tables.outcome(facts=facts, frames=frames)


def write_listings(platform: Platform, universe: str, window: Window) -> Outcome:
    """Names and listing states out of the last session's stored quotes; asks nobody."""
    tables = StepTables(platform, window)
    wanted = ["date", "symbol", "name", "status", "source", "fetched_at"]
    quotes = tables.read(t.QUOTES, universe, end=window.end, columns=wanted)
    stored = tables.read_if_there(t.LISTINGS, universe, window.end)
    rows = listings(platform.config.members(universe), quotes, stored, platform.config.instruments.instruments)
    day = rows["date"].max()
    tables.write(t.LISTINGS, universe, rows, day.date(), day.date())
    changed = rows[(rows["changed_on"] == day) & (rows["first_seen"] < day)]
    return tables.outcome(
        facts={
            "session": f"{day:%Y-%m-%d}",
            "members": len(rows),
            "seen for the first time": ", ".join(rows.loc[rows["first_seen"] == day, "symbol"]) or "none",
            "changed": ", ".join(f"{r.symbol}: {r.name} ({r.status})" for r in changed.itertuples(index=False))
            or "none",
        }
    )


def write_reconciliation(platform: Platform, universe: str, window: Window) -> Outcome:
    """A sample of the closes of the window's last session, asked again at a second provider."""
    tables, settings = StepTables(platform, window), _settings(platform)
    bars = tables.read(t.BARS, universe, end=window.end, columns=["date", "symbol", "close", "volume", "source"])
    day = bars["date"].max()
    today = bars[bars["date"] == day]
    asked = sample_of(sorted(today["symbol"]), day, settings.sample)
    used = str(today["source"].iloc[0])
    rows, other, reasons = second_bars(
        wire_of(platform, settings), asked, platform.sessions(universe), day, used.removeprefix("live:")
    )
    ticks = pd.Series({symbol: tick_size(symbol) * settings.sample_ticks for symbol in asked})
    names = (used, f"live:{other}" if other else "")
    compared = compare_closes(today, rows, asked, ticks, settings.sample_share, day, names)
    tables.write(t.RECONCILIATION, universe, compared, day.date(), day.date())
    return tables.outcome(
        facts={
            "compared": f"{used} with {names[1] or 'nobody'}",
            "agree": f"{int((compared['verdict'] == AGREES).sum())} of {len(compared)}",
            "sources that could not be compared": "; ".join(reasons) or "none",
        },
        frames={"closes": compared[["symbol", "close", "close_other", "difference", "verdict"]]},
    )


def _settings(platform: Platform) -> LiveSource:
    if not isinstance(platform.source, LiveSource):
        saw = f"{platform.source_name} is no live source"
        raise ConfigError("asking the network", saw, "choose a source of kind live with --source")
    return platform.source


def _renamed(platform: Platform, quotes: pd.DataFrame) -> str:
    known = platform.config.instruments.instruments
    pairs: Sequence[tuple[str, str]] = list(zip(quotes["symbol"], quotes["name"], strict=True))
    other = [f"{s}: {name}" for s, name in pairs if name and s in known and not same_name(name, known[s].name)]
    return ", ".join(sorted(other)) or "none"
