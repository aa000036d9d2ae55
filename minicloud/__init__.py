"""A whole cloud in one Python process."""
