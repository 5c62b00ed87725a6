"""Rules of neurology."""
