"""`universes.yaml`: sets of instruments outside the rotation pools, with their own exchange and source."""

from typing import Literal

from pydantic import Field, model_validator

from etf_platform.core.config.strict import IsoDate, ScheduleConfig, Strict, Symbol


class Universe(Strict):
    """Instruments that are loaded, checked and read together.

    `source` holds while the installation runs on real data (an installation on `sample` is simulated throughout);
    `source_of` names another source for single symbols. `volatility_index` is the member that the VIX column reads.
    `traded` are the members that strategies and risk may hold.
    """

    name: str
    description: str
    calendar: Literal["XSHG", "XNYS"]
    timezone: str
    history_start: IsoDate
    symbols: tuple[Symbol, ...] = Field(min_length=1)
    traded: tuple[Symbol, ...] = ()
    volatility_index: Symbol | None = None
    schedule: ScheduleConfig = ScheduleConfig(hour=17, minute=30, timezone="America/New_York")
    source: str
    source_of: dict[Symbol, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _members_known(self) -> "Universe":
        index = () if self.volatility_index is None else (self.volatility_index,)
        stray = sorted({*self.traded, *index, *self.source_of} - set(self.symbols))
        if stray:
            raise ValueError(f"{', '.join(stray)} is no member; add it to symbols")
        return self


class UniversesConfig(Strict):
    """`universes.yaml`."""

    universes: dict[str, Universe] = Field(default_factory=dict)
