"""What happens: one folder per reason to wake up. They never import each other."""
