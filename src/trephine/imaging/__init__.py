"""Images and masks: reading, geometry, normalisation, de-identification, the archive."""
