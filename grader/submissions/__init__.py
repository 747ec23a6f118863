"""Read arbitrary submitted files, and rebuild a notebook that can be run."""
