"""Digests of rows: what a document was made from, said so that rows which come later do not change it."""

import hashlib

import pandas as pd


def rows_digest(rows: pd.DataFrame) -> str:
    """SHA-256 in hex of the rows in their order, with the names of the columns; NaN is a value like any other."""
    names = ",".join(rows.columns).encode()
    return hashlib.sha256(names + pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes()).hexdigest()
