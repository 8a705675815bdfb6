"""A tenant's side on this machine: it takes webhooks at any path, checks their signatures, and fails when told to."""
