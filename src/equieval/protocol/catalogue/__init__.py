"""The rows of the indicator catalogue, by subject."""
