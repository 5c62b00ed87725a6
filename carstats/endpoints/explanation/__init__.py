"""Why a subject has an outcome, visit by visit."""
