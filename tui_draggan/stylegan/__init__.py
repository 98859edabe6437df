"""StyleGAN2: the network in torch (extra `torch`), its configuration, its file of weights."""
