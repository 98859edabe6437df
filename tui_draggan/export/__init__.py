"""From a generator in torch to a model bundle.

`bundle_writer.export_bundle` goes this way:

1. `folded`: the synthesis network for one picture at a time, constants computed, with the filters
   of `resampling`.
2. `step_graph`: one DragGAN iteration around it, in torch. `reference_step` takes its numbers.
3. `tracing`: modules → ONNX graphs.
4. `training_api`: the iteration's gradient by the latent, from ONNX Runtime's training package.
5. `drag_graphs`: tracking spliced in; the gradient in its window alone (`cropping`), and without a
   picture the `last_convolution` too.
6. `lowering`: operators in forms that run faster, convolutions by `phases` and `tiling`;
   `standard_operators`: none but standard ONNX.
7. `shared_weights`: the graphs saved, their weights in one file.

`graph_rewriting` and `graph_surgery` are the tools of 5 to 7; they know nothing of GANs.
"""
