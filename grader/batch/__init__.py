"""A whole class: in parallel, resumable, recorded in the gradebook."""
