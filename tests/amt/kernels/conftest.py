"""Builds one kernel and calls it with NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from amt import processor
from amt.compiling import PIPELINE, kernel_pipeline, target

Build = Callable[[Callable[[], None]], Callable[..., None]]


@pytest.fixture(scope="session")
def build() -> Build:
    """build(body) compiles the kernel that body() emits; it changes its arguments in place."""
    import os

    os.environ["TVM_NUM_THREADS"] = str(processor.threads())
    os.environ["TVM_BIND_THREADS"] = "0"
    import tvm
    from tvm.script.ir_builder import IRBuilder
    from tvm.tirx import compilation_pipeline
    from tvm.tirx.script.builder import ir as T  # noqa: N812

    compilation_pipeline.PIPELINE_MAP[PIPELINE] = kernel_pipeline

    def compile_body(body: Callable[[], None]) -> Callable[..., None]:
        with IRBuilder() as builder, T.prim_func(is_private=True, s_tir=True):
            T.func_attr({"tirx.noalias": True})
            body()
        function = builder.get().with_attr("global_symbol", "main")
        executable = tvm.compile(tvm.IRModule({"main": function}), target=target(), tir_pipeline=PIPELINE)

        def call(*arrays: np.ndarray[Any, Any]) -> None:
            tensors = [tvm.runtime.tensor(array) for array in arrays]
            executable["main"](*tensors)
            for array, tensor in zip(arrays, tensors, strict=True):
                array[...] = tensor.numpy()

        return call

    return compile_body
