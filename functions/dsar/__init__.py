"""A person asks: what do you know of me, correct it, forget it, leave me in peace."""
