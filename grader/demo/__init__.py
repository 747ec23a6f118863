"""Grade a week's submissions of a sample class."""
