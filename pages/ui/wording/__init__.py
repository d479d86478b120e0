"""How numbers, states and refusals are written."""
