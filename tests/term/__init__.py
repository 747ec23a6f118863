"""A term acted out: a class whose every answer is known, from the roster to the final grade."""
