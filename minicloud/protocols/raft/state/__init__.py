"""What a Raft server remembers. See the module heads inside."""
