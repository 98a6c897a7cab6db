"""Inputs of assets to six factor scores, one total, judgement, risk and advice: pure functions over tables."""
