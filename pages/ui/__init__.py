"""What the pages share: shell, sidebar, state, charts, contact sheets, canvas and messages."""
