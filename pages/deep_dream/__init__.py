"""Sections of the Deep Dream page."""
