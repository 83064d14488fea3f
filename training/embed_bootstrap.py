"""Makes a model folder of the bootstrap's weights: the peer that the shipped model is measured against.

    python -m training.embed_bootstrap BOOTSTRAP_FOLDER OUT [--quantization q4f32_1]

BOOTSTRAP_FOLDER holds weights.npz and materialize.py, which expands them into a Hugging Face checkpoint. The shipped
model itself comes from training.train (training/configs/embedded.toml).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from amt.huggingface import DEFAULT_QUANTIZATION, import_checkpoint
from amt.quantization import SCHEMES


def embed(bootstrap: Path, out: Path, quantization: str = DEFAULT_QUANTIZATION) -> int:
    """Writes the model folder and returns its size in bytes.

    Raises ModelError from the import and CalledProcessError where materialize.py fails.
    """
    with tempfile.TemporaryDirectory() as checkpoint:
        subprocess.run([sys.executable, bootstrap / "materialize.py", checkpoint], check=True)
        import_checkpoint(Path(checkpoint), out, quantization)
    return sum(file.stat().st_size for file in out.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bootstrap", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quantization", choices=tuple(SCHEMES), default=DEFAULT_QUANTIZATION)
    arguments = parser.parse_args()
    size = embed(arguments.bootstrap, arguments.out, arguments.quantization)
    print(f"{arguments.out}: {size:,} bytes")


if __name__ == "__main__":
    main()
