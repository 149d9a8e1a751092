"""Does an int8 network say the same on a processor with AVX2 and without VNNI? Asked of an emulated
one (Debian: qemu-user).

    python -m train.avx2 models/NAME/model.onnx PICTURE...

Prints, per picture, the largest difference of a logit between this processor and an emulated
Haswell; exits 1 unless all are 0. On a processor without VNNI it compares like with like.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from train.features import outputs


def main() -> None:
    """Compare both processors, or be the emulated one."""
    if sys.argv[1] == "--store":
        np.save(sys.argv[2], outputs(Path(sys.argv[3]), "logits", map(Path, sys.argv[4:])))
        return
    model, pictures = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        stored = f"{folder}/logits.npy"
        python = Path(sys.executable).resolve()
        subprocess.run(
            [
                "qemu-x86_64",
                "-cpu",
                "Haswell",
                str(python),
                __file__,
                "--store",
                stored,
                model,
                *pictures,
            ],
            check=True,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": ":".join(path for path in sys.path if path), "OMP_NUM_THREADS": "1"},
        )
        apart = np.abs(np.load(stored) - outputs(Path(model), "logits", map(Path, pictures))).max(1)
    for picture, value in zip(pictures, apart):
        print(f"{value:.6f} {picture}")
    sys.exit(int(apart.any()))


if __name__ == "__main__":
    main()
