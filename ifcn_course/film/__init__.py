"""Record the film of training that ships: `python -m ifcn_course.film`."""
