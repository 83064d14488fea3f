"""Makes the shipped model from the bootstrap's weights.

    python -m training.embed_bootstrap BOOTSTRAP_FOLDER [--quantization q4f32_1] [--out FOLDER]

BOOTSTRAP_FOLDER holds weights.npz and materialize.py, which expands them into a Hugging Face checkpoint. Without
--out the result becomes amt.embedded.PATH. Every version that is committed stays in the history: measure it first
(training/evaluate.py).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from amt import embedded
from amt.huggingface import DEFAULT_QUANTIZATION, import_checkpoint
from amt.quantization import SCHEMES

MOST_BYTES = 40_000_000


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
    parser.add_argument("--quantization", choices=tuple(SCHEMES), default=DEFAULT_QUANTIZATION)
    parser.add_argument("--out", type=Path, default=embedded.PATH)
    arguments = parser.parse_args()
    size = embed(arguments.bootstrap, arguments.out, arguments.quantization)
    print(f"{arguments.out}: {size:,} bytes")
    if arguments.out == embedded.PATH and size > MOST_BYTES:
        sys.exit(f"too large to be shipped: at most {MOST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
