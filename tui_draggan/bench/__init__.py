"""How fast an iteration is here, beside DragGAN written plainly in torch."""
