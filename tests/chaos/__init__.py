"""Chaos: a class at work while something fails, again and again, at moments that a seed chooses; and what must hold.

`python -m tests.chaos` (`make faults`) runs the scenarios one after the other, each on web processes and a worker of
its own, and prints what was done, what was counted, and whether every promise held. `--seed` repeats a run.
"""
