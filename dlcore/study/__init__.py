"""How far a student is in all lessons: what passed, kept beside the notebooks, and the page to start from."""
