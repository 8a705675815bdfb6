"""What is known is corrected, restricted, or not used for advertising."""
