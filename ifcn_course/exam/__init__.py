"""Questions for a written exam, with numbers that are drawn, and their paper."""
