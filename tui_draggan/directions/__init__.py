"""Directions in W: what they are, how they are found, and the files that hold them. numpy only."""
