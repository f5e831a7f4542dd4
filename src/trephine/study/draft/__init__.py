"""A draft of a study file, from what lies in a folder: what `trephine new` writes."""
