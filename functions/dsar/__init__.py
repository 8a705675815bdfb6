"""A person asks: what do you know of me, correct it, forget it. This room opens with the requests of persons."""
