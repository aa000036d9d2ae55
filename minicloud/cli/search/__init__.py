"""The commands that search: for the smallest case, at every crash point, for when it turned."""
