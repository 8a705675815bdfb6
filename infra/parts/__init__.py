"""The pieces that the stacks are put together from, one construct a file."""
