"""Who looks at what: the visitor, the server's store, the design, the networks."""
