"""Makes `tests/` a place that every test may import `helpers` from."""
