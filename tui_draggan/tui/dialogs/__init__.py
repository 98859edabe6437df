"""The boxes that lie over the editor: they ask, and know nothing of what becomes of the answer."""
