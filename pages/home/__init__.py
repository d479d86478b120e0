"""Sections of the Home page."""
