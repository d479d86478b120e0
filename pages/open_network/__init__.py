"""Sections of the page that opens a network made elsewhere."""
