"""The bundled image domain and the training of its generator (needs the extra ``[torch]``)."""
