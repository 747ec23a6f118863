"""Grade a whole class: parallel, resumable, recorded in the gradebook."""
