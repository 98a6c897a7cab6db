"""The world -> bars: calendar, instruments, limits, validation, corporate actions, sources.

Nothing here computes a factor or knows the lake; `market.fetch` is the one seam through which bars come in.
"""
