"""What keeps the course alive: a wheelhouse, the newest versions, the syllabi."""
