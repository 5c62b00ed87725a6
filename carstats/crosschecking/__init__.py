"""The second program: numbers made again from the subjects' rows by other libraries."""
