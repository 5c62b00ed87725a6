"""A subject's record as the rules see it: visits, episodes, searches, three-valued logic."""
