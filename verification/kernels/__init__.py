"""Rigorous enclosures of tapes over batches of boxes."""

from .c_kernel import CompiledKernel
from .kernel import AutomaticKernel, Engine, Kernel, make_kernel
from .numpy_kernel import NumpyKernel

__all__ = ["AutomaticKernel", "CompiledKernel", "Engine", "Kernel", "NumpyKernel", "make_kernel"]
