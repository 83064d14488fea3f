"""The child process that compiles: reads a layout's description, writes a zip file of objects. Loads all of TVM.

python -m amt.compiling PATH DESCRIPTION
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amt import processor
from amt.compiler import parse
from amt.runtime import without_torch

if TYPE_CHECKING:
    from tvm.ir.transform import Pass
    from tvm.target import Target

PIPELINE = "midinfinite"


def main() -> None:
    path = Path(sys.argv[1])
    layout = parse(sys.argv[2])
    tell(0, "loading the compiler")
    with without_torch():
        import tvm
    from tvm.tirx import compilation_pipeline

    from amt import architecture

    tell(20, "building the kernels")
    module, _ = architecture.module(layout)
    compilation_pipeline.PIPELINE_MAP[PIPELINE] = kernel_pipeline
    tell(30, "generating code for this processor")
    passes = tvm.transform.Sequential(model_passes())
    executable = tvm.compile(module, target(), relax_pipeline=passes, tir_pipeline=PIPELINE)
    tell(80, "generating code for this processor")

    def keep(_: str, files: list[str], **options: Any) -> None:
        del options
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, Path(file).name)

    executable.export_library(str(path), fcompile=keep)
    tell(100, "done")


def model_passes() -> list[Pass]:
    """Relax passes that the model needs: its kernels are complete, so nothing is fused or scheduled."""
    from tvm.relax import transform

    return [
        transform.ToNonDataflow(),
        transform.RemovePurityChecking(),
        transform.CallTIRRewrite(),
        transform.StaticPlanBlockMemory(),
        transform.LowerAllocTensor(),
        transform.KillAfterLastUse(),
        transform.LowerRuntimeBuiltin(),
        transform.ComputePrimValue(),
        transform.VMShapeLower(),
        transform.AttachGlobalSymbol(),
    ]


def kernel_pipeline() -> tuple[Pass, Any, Any]:
    """TIR passes that the kernels need. TVM's own pipeline would also simplify, which takes minutes over kernels as
    unrolled as these, and move what each thread allocates for itself to where all threads share it."""
    import tvm
    from tvm import s_tir, tirx
    from tvm.tirx import compilation_pipeline

    passes = [
        s_tir.transform.ConvertBlocksToOpaque(),
        s_tir.transform.LowerOpaqueBlock(),
        tirx.transform.FlattenBuffer(),
        tirx.transform.NarrowDataType(32),
        tirx.transform.AnnotateEntryFunc(),
        tirx.transform.SplitHostDevice(),
        tirx.transform.MakePackedAPI(),
    ]
    finish = compilation_pipeline.finalize_host_passes, compilation_pipeline.finalize_device_passes
    return tvm.transform.Sequential(passes), *finish


def target() -> Target:
    """This processor as LLVM knows it, without what the system hides of it."""
    from tvm.target import Target, codegen

    off = [f"-{name}" for name in processor.masked()]
    return Target({"kind": "llvm", "mcpu": codegen.llvm_get_system_cpu(), "mattr": off})


def tell(percent: int, what: str) -> None:
    print(percent, what, flush=True)


if __name__ == "__main__":
    main()
