"""Rigorous enclosures of tapes over batches of boxes."""

from .c_kernel import CompiledKernel
from .kernel import Engine, Kernel, make_kernel
from .numpy_kernel import NumpyKernel

__all__ = ["CompiledKernel", "Engine", "Kernel", "NumpyKernel", "make_kernel"]
