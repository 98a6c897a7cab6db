"""The weekly pack: what is written down, decided and signed for every ISO week."""
