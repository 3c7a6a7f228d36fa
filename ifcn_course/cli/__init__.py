"""The course's commands of `ifcn-lab`, one module each: `add_options` and `run`."""
