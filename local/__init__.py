"""The same on one machine: the embedded AWS, the carrier simulator, a first tenant. Never deployed."""
