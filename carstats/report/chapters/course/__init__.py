"""Chapters of what the treatment does over time: B cells, antibodies, drugs."""
