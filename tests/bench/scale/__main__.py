"""`python -m tests.bench.scale`: the tables of docs/scale.md, or those of a school of your own size."""

from tests.bench.scale.tables import main

main()
