"""Sections of the Convolution page."""
