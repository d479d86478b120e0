"""Deep Dream: its settings, the climb, the photo network and its films."""
