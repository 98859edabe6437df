"""How close generated pictures are to real ones, and where a critter's landmarks are."""
