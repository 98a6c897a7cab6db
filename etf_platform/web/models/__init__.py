"""Shapes of answers and requests. Units stand in the descriptions; null is unknown, never 0."""
