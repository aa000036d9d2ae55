"""Commands that turn a kept run into something to look at elsewhere."""
