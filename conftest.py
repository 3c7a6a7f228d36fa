"""What every run of pytest has: the budget of each notebook that nbval runs."""

pytest_plugins = ["lessons.budget"]
