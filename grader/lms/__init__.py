"""What goes back to a learning management system: grades as its tables, feedback as its archives."""
