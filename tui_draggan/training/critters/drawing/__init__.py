"""How a critter is drawn: soft shapes laid over each other, one module for each part."""
