"""Curves of time to an event, their limits, quantiles and means."""
