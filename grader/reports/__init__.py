"""What instructors read and export."""
