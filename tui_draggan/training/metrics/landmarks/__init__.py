"""The landmark network of critters: what it is, what its renders go through, how it is trained."""
