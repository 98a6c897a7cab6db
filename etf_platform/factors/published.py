"""What is known of one published factor id."""

from dataclasses import dataclass

Params = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Published:
    """One published factor id.

    Attributes
    ----------
    factor_id, family, bucket, formula, params, min_history, warmup_bars, scale, direction_prior, duplicate_of :
        As published; `min_history` masks the original's export, `warmup_bars` counts the bars before our first value.
    column : str
        Panel column that holds the computation.
    normalised_column : str or None
        Column of the scale-free form, where the id is a price or volume level.
    required_fields : tuple of str
        Bar columns used.
    in_original_panel : bool
        Whether the original's panel had it (209 of 314).
    """

    factor_id: str
    family: str
    bucket: str
    formula: str
    params: Params
    min_history: int
    warmup_bars: int
    scale: str
    direction_prior: int
    column: str
    normalised_column: str | None = None
    normalised_formula: str | None = None
    duplicate_of: str | None = None
    required_fields: tuple[str, ...] = ("close",)
    in_original_panel: bool = True

    @property
    def scored_column(self) -> str:
        """The comparable form: the normalised column of a level, else the column itself."""
        return self.normalised_column or self.column

    @property
    def scale_free(self) -> bool:
        """Whether the published form itself can be compared across funds."""
        return self.normalised_column is None
