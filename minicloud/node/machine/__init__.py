"""What a machine is made of: its place and capacity, clock, disk, timers, server."""
