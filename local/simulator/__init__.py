"""A carrier on this machine: it takes texts over HTTP, sends none, and reports as the number tells it to."""
