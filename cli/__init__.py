"""How an operator asks: tenants, keys, messages. It speaks to the tables with the operator's own AWS credentials."""
