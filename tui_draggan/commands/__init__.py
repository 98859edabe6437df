"""The commands, a file each, named like the command (`import_model`, since `import` is a keyword).

A command's file has two functions, which `cli` calls:

    add_arguments(parser)   describes the command and its options
    run(options) -> int     does it, and returns the exit status

Its top imports what costs nothing: the standard library, errors, names and parameters. What is
slow to import (numpy, Pillow, rich, Textual, ONNX Runtime, torch, and whatever imports them) is
imported in `run` and its helpers, so that `COMMAND --help` answers at once. Beside the commands
stand what they share: `arguments` (groups of options), `opening` (options → an open session) and
`results` (what a command writes).
"""
