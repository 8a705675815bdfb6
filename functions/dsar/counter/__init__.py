"""Where a controller hands requests in, follows them, and fetches what was made."""
