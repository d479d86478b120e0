"""Surgery: take filters out of a network, hold them, edit their weights, and see which images it reads wrongly then."""
