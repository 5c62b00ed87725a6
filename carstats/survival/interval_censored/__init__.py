"""Time to an event that visits find."""
