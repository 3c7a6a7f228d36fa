"""Rows of models: the paper's tables, and the league of the relatives."""
