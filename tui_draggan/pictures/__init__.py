"""Arrays to pictures: markers, half cells, sixel and kitty, files."""
