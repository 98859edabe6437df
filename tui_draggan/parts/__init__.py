"""Parts of a model's pictures, told by a linear head on its own features (EditGAN, DatasetGAN).

head      the head: a weight for every part and channel
fitting   a head from some labelled pictures, in seconds; numpy only
measures  how well parts are told
graph     the head put into the model's graph, and into the model
labelled  labelled pictures: files, or what the renderer knows
"""
