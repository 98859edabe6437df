"""Files of weights that are opened as they are: pictures at once, a model to drag in the cache.

kept        the models of opened files, in the cache: found, bounded, cleared
engine      pictures from the weights, by torch, until the model is there
exporting   the process that writes the model
processes   how both are started
"""
