"""Sections of the Augmentation page."""
