"""Events per person-time."""
