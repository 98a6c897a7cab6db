"""What a unit is: the value types that a contributor fills in to add a factor, a fuse, a strategy or a source.

Units are module-level values; the folder that holds them is their registry (`etf_platform.core.catalog` collects them).
"""
