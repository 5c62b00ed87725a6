"""The second program of each family of analyses."""
