"""Estimators: arrays in, numbers out. They know nothing of studies, strata or data frames."""
