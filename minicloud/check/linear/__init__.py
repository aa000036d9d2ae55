"""Linearizability: search, the near-linear test for distinct values, and evidence. See the modules inside."""
