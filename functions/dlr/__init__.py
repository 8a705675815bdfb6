"""A carrier reports; the tenant is told."""
