"""Fugace, what its functions share: rules in `domain`, ports in `ports`, AWS and the carriers in `adapters`."""
