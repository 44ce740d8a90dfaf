"""Hostile text, put into everything that a person can fill: it stays text, wherever it is shown."""
