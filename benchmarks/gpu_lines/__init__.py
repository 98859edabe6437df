"""What `benchmarks.gpu` measures and checks, a function a line.

setting    where a line runs, and what it answers
numbers    the engine's numbers on the device, and the card's own
speed      iterations, pictures, memory, two editors
trouble    memory that is full, a card that is gone
programs   drag, import and train, as a person runs them
"""
