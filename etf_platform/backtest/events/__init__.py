"""Back-tests of events: enter a fund after a signal, leave by rule, compare with the same fund on random days."""
