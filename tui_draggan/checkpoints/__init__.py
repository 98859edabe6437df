"""Other programs' checkpoints, read without running anything they name."""
