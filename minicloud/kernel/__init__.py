"""See the module heads inside."""
