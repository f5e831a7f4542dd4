"""The steps that choose features; each leaves an audit row."""
