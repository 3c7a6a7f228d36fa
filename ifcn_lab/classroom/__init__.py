"""What a lecturer needs: variants of a lesson for a class, and grading by name."""
