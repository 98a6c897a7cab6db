"""When two names of an instrument are the same. Not here: where names come from."""

import unicodedata


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in nothing but the width of characters, blanks and capitals."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
