"""Sections of the Filters page."""
