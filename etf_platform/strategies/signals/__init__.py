"""Single-asset trend strategies, one file each; a module-level `SignalStrategy` is a unit."""
