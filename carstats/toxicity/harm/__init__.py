"""Harm beyond grades: deaths, infections by organism, replacement, days in hospital, treatment."""
