"""Rates pooled over trials or borrowed between baskets."""
