"""How a command ends when it cannot go on: asked to stop, or refused by the system."""
