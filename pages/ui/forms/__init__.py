"""What a visitor fills in: the sidebar, recipes, a digit."""
