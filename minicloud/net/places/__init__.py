"""Where hosts are: delays of real places, and zones in regions."""
