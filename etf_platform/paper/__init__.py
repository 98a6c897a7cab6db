"""The running account: decisions as they were made, fills, value. Pure functions over tables."""
