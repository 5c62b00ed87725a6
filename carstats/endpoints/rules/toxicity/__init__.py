"""Rules that grade toxicities."""
