"""What the widgets of several lessons need: tables of cells, and calls of students' layers."""
