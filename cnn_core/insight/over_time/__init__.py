"""Over a training, at its snapshots: how large gradients and movements were, and what was learnt and forgotten."""
