"""Schedules as TOML: reading, writing, and on which line a mistake stands."""
