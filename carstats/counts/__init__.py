"""Counts that add up: from a cohort, a database, other hospitals."""
