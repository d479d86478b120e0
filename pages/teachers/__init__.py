"""The page For teachers: three ready lessons, each with its scene, its plan, its questions and their answers."""
