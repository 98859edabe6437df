"""A restricted unpickler: values out of pickles and torch's files, nothing they name being run."""
