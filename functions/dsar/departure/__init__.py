"""A tenant leaves with everything it has."""
