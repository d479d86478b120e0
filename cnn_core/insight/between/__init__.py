"""Between layers: what a filter reads of the maps below it, and the strongest ways from the image to an answer."""
