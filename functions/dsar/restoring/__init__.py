"""A table comes back from a back-up, without whoever was erased since."""
