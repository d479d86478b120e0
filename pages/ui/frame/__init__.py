"""The frame around every page: bar, layout, address, process."""
