"""Features of images: what is to be measured, by whom, and what came of it."""
