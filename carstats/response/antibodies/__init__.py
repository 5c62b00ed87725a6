"""Antibodies: who turns negative of which, how far titres fall, what vaccines gave stays."""
