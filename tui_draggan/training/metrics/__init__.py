"""How close generated pictures come to real ones: distances, and critters' landmarks."""

FEWEST = 8
"""Least number of samples, and of real pictures in each half."""
