"""StyleGAN2 in torch: the networks and the way from weights into a bundle (extra `torch`)."""
