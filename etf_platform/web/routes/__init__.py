"""One file per group of endpoints; each has a `router`. No arithmetic, no SQL: reading and rendering stand beside."""
