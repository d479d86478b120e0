"""One step of learning in slow motion: forward, the losses, backward, the optimiser's rule, the step, and once more."""
