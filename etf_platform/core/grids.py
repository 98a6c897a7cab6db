"""Values of a parameter as people write them: `20:260:10` (both ends included) or `20,60,120`."""

from decimal import Decimal, InvalidOperation

MOST = 10_000


def values_of(text: str) -> tuple[Decimal, ...]:
    """The values, in order, each once.

    Raises
    ------
    ValueError
        With what is wrong as its text.
    """
    try:
        parts = [Decimal(part) for part in text.replace(":", ",").split(",")]
    except InvalidOperation:
        raise ValueError("a value is no number") from None
    if not all(part.is_finite() for part in parts):
        raise ValueError("a value is no number")
    if ":" not in text:
        return tuple(dict.fromkeys(parts))
    if len(parts) != 3 or "," in text or parts[2] <= 0 or parts[1] < parts[0]:
        raise ValueError("a range is start:stop:step, upwards")
    start, stop, step = parts
    count = int((stop - start) / step) + 1
    if count > MOST:
        raise ValueError(f"a range of {count} values")
    return tuple(start + step * i for i in range(count))
