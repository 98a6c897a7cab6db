"""Cutting text to a number of bytes without splitting a character. Not here: what is worth keeping."""

import unicodedata

ELLIPSIS = "…"
_JOINERS = ("\u200d", "\ufe0e", "\ufe0f")


def cut(text: str, most: int) -> str:
    """The text, or its longest beginning that with `…` fits into `most` bytes of UTF-8.

    No character is split, and no accent or emoji modifier is torn from the character it belongs to.

    Raises
    ------
    ValueError
        `most` has no room for the ellipsis (3 bytes).
    """
    if most < len(ELLIPSIS.encode()):
        raise ValueError(f"{most} bytes have no room for {ELLIPSIS}")
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return encoded.decode()
    kept = encoded[: most - len(ELLIPSIS.encode())].decode("utf-8", "ignore")
    following = encoded.decode()[len(kept)]
    while kept and (_belongs(following) or kept[-1] == "\u200d"):
        following, kept = kept[-1], kept[:-1]
    return kept + ELLIPSIS


def _belongs(character: str) -> bool:
    """Whether a character is drawn together with the one before it."""
    modifier = "\U0001f3fb" <= character <= "\U0001f3ff"
    return character in _JOINERS or modifier or unicodedata.combining(character) > 0
