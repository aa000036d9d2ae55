"""What a Raft server does, a module a section of the paper. See the module heads inside."""
