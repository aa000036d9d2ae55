"""Turns what a run said into something to look at; knows results and folders, never services."""
