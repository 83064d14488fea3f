"""The child process that compiles: reads a layout's description, writes a zip file of object files. Loads all of TVM."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

from amt.compiler import parse

# StorageRewrite would move what each thread allocates for itself out of the team, where all threads share it.
OPTIONS = {"tirx.disable_storage_rewrite": True}


def main() -> None:
    path = Path(sys.argv[1])
    layout = parse(sys.stdin.read())
    tell(0.0, "loading the compiler")
    import tvm
    from tvm.target import Target

    from amt import architecture

    tell(0.2, "building the kernels")
    module, _ = architecture.module(layout)
    tell(0.3, "generating code for this processor")
    with tvm.transform.PassContext(config=OPTIONS):
        executable = tvm.compile(module, Target(target()), relax_pipeline=tvm.transform.Sequential(lowering()))
    tell(0.9, "writing")

    def keep(_: str, files: list[str], **options: Any) -> None:
        del options
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, Path(file).name)

    executable.export_library(str(path), fcompile=keep)
    tell(1.0, "done")


def lowering() -> list[Any]:
    """Relax passes that the model needs: its kernels are complete, so nothing is to be fused or scheduled."""
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


def target() -> dict[str, Any]:
    """This processor as LLVM knows it."""
    from tvm.target import codegen

    return {"kind": "llvm", "mcpu": codegen.llvm_get_system_cpu()}


def tell(share: float, what: str) -> None:
    print(share, what, flush=True)


if __name__ == "__main__":
    main()
