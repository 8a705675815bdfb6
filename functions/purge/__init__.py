"""Time has passed: what should be over is looked at."""
