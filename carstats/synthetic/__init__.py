"""A study whose truth is known."""
