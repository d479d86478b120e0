"""The same numbers as the plain training step, sooner. Nothing here is needed to understand a training."""
