"""The room of the page "What happens in one step?"."""
