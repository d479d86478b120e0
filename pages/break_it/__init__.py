"""Views of the page "What breaks it?": filters taken out, and a digit attacked."""
