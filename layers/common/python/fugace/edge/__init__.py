"""Where AWS meets us: the environment, the wiring, events in, answers and log lines out."""
