"""A person's pictures as training data: prepared once, then read in a fixed order."""

from tui_draggan.training.data.dataset import PictureData, Survey, in_words, prepare, survey
from tui_draggan.training.data.loader import batches

__all__ = ["PictureData", "Survey", "batches", "in_words", "prepare", "survey"]
