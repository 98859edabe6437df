"""A user's folder of pictures as training data: prepared once, then read in a fixed order."""

from tui_draggan.training.data.folder import PictureData, prepare
from tui_draggan.training.data.loader import batches

__all__ = ["PictureData", "batches", "prepare"]
