"""What `check` needs: arguments and results as data, comparison, verdict, diagnosis, and the answer key."""
