"""A tenant asks; later, a carrier is asked."""
