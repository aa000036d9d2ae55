"""Linearizability: search, quick tests for distinct values, and evidence, in words."""
