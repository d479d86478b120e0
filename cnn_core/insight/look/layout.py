"""Many numbers for each image, laid out on a plane by scikit-learn: PCA and t-SNE, in a process of their own.

    python -m cnn_core.insight.look.layout t-sne 0 < values.npy > places.npy

The library is large and needed rarely: in the server it would take 110 MB for good. It is started for one layout, knows
no torch, and ends.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

METHODS = ("pca", "t-sne")
DIRECTIONS = 30  # t-SNE sees the strongest ones, as its authors do: the rest is noise that costs time


def laid_out(values: np.ndarray, method: str, seed: int) -> np.ndarray:
    """Where each of N points in D dimensions lies on a plane: (N, 2) float32, each axis scaled to [-1, 1].

    values: (N, D), N at least 5.
    method: "pca" or "t-sne".
    seed:   of t-SNE.
    """
    from sklearn.decomposition import PCA

    if method == "t-sne":
        from sklearn.manifold import TSNE

        reduced = PCA(min(DIRECTIONS, *values.shape), random_state=seed).fit_transform(values)
        few = min(30.0, (len(values) - 1) / 3)
        places = TSNE(2, perplexity=few, init="pca", random_state=seed, max_iter=500).fit_transform(reduced)
    elif values.shape[1] > 1:
        places = PCA(2, random_state=seed).fit_transform(values)
    else:
        places = np.c_[values, values]
    span = np.abs(places).max(axis=0)
    return (places / np.where(span > 0, span, 1)).astype(np.float32)


def laid_out_apart(values: np.ndarray, method: str, seed: int) -> np.ndarray:
    """`laid_out` by another process; it takes about a second more, and leaves nothing behind.

    Raises RuntimeError with what that process said, where it failed.
    """
    content = io.BytesIO()
    np.save(content, values)
    root = Path(__file__).parents[3]
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    process = subprocess.run(
        [sys.executable, "-m", "cnn_core.insight.look.layout", method, str(seed)],
        input=content.getvalue(),
        capture_output=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    if process.returncode:
        raise RuntimeError(f"No layout by {method}: {process.stderr.decode(errors='replace')[-2000:]}")
    return np.load(io.BytesIO(process.stdout))


if __name__ == "__main__":
    _, method, seed = sys.argv
    np.save(sys.stdout.buffer, laid_out(np.load(io.BytesIO(sys.stdin.buffer.read())), method, int(seed)))
