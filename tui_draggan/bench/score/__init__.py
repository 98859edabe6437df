"""How well edits land: the protocols, the contenders, and what came of it in numbers."""
