"""Where records are kept. `tables` has the items, the other modules a store each."""
