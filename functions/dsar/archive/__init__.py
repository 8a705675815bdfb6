"""What is known of a person, read and written down to be handed over."""
