"""tui-draggan: point-based editing of GAN pictures in the terminal."""

__version__ = "0.1.0"
