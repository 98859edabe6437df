"""How close generated pictures come to real ones: distances, and critters' landmarks."""
