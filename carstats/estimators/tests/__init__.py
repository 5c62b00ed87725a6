"""Tests of curves."""
