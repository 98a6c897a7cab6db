"""Where a result comes from: fills (`fills`), groups against a benchmark (`brinson`), factors (`factors`).

`summary` adds rows up. `mids` and `rotation` bring fills of a quotes file and of the rotation account into the form
that `fills` takes; `weights` brings an account and its benchmark into the form that `brinson` and `factors` take.
"""
