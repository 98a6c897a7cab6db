"""Distributions against a baseline, and the three stages of what follows from drift. Pure functions over tables."""
