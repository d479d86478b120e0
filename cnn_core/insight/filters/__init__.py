"""What filters look for: pictures by gradient ascent, and the images that excite each most."""
