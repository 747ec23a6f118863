"""Read anything that is handed in, and rebuild a notebook that can run."""
