"""Looking at one answer: maps, pixels, attribution, and where images lie beside each other."""
