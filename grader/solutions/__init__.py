"""What students may read after the due date: solutions, common mistakes, and answers."""
