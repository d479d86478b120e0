"""The sections of the page "My data", and its sentences."""
