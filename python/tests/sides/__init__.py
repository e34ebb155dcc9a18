"""Random sides: what they are (`make`), what the program says of them (`ask`, `forms`), and the
laws that hold (`laws`). `random_sides.py` beside this folder runs them."""
