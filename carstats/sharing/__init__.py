"""What hospitals send to each other in place of subjects: counts that a person can read."""
