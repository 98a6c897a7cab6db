"""The weekly pack: reading what its builders need, writing what they say."""
