"""The edit itself: points, mask, latent, parameters, session, history. numpy only."""
