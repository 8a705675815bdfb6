"""Where it runs: the only description of the infrastructure, for AWS and for one machine alike."""
