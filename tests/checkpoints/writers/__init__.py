"""Files as other programs write them, made from the documented layout of each format."""
