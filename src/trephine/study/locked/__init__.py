"""One road for a locked model: predict a case, validate it elsewhere."""
