"""One DragGAN iteration on one runtime, behind one protocol (`base.Engine`)."""
