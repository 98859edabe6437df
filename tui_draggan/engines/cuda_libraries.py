"""CUDA 11.8 and cuDNN 8 from the package index, for the training build of ONNX Runtime.

The packages nvidia-*-cu11 put their libraries into site-packages/nvidia/NAME/lib, where the
dynamic linker does not look. A library that is loaded already is not looked for: so what the CUDA
provider links to is loaded first, in the order of dependence.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path

LIBRARIES = (
    "cuda_runtime/lib/libcudart.so.11.0",
    "cuda_nvrtc/lib/libnvrtc.so.11.2",
    "cublas/lib/libcublasLt.so.11",
    "cublas/lib/libcublas.so.11",
    "curand/lib/libcurand.so.10",
    "cufft/lib/libcufft.so.10",
    "cudnn/lib/libcudnn_ops_infer.so.8",
    "cudnn/lib/libcudnn_ops_train.so.8",
    "cudnn/lib/libcudnn_cnn_infer.so.8",
    "cudnn/lib/libcudnn_cnn_train.so.8",
    "cudnn/lib/libcudnn_adv_infer.so.8",
    "cudnn/lib/libcudnn_adv_train.so.8",
    "cudnn/lib/libcudnn.so.8",
)


def preload(
    folders: Iterable[Path] | None = None, load: Callable[[Path], object] | None = None
) -> list[Path]:
    """Loads those of LIBRARIES that lie below `folders`; the ones loaded.

    folders: the places of the package `nvidia`; None: where this interpreter finds it.
    One that does not load is left out: the provider's own attempt says whether it was needed.
    """
    places = list(_installed() if folders is None else folders)
    loaded = []
    for name in LIBRARIES:
        for file in (place / name for place in places):
            if file.is_file():
                try:
                    (load or _load)(file)
                except OSError:
                    continue
                loaded.append(file)
                break
    return loaded


def has_driver() -> bool:
    """Whether NVIDIA's driver is there; without it nothing of CUDA is worth loading."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _installed() -> list[Path]:
    spec = importlib.util.find_spec("nvidia")
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def _load(file: Path) -> object:
    return ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
