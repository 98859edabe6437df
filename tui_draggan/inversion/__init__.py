"""A photograph's latent: how it is searched, and what is said of what was found; numpy only."""
