"""The parts of the screen; each knows what it shows and its messages, none knows another."""
