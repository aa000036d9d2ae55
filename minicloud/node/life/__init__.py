"""One life of a node: what it sends, hears, waits for and runs."""
