"""The engineered cells over time: expansion, exposure, persistence."""
