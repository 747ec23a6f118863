"""Reports and exports for instructors."""
