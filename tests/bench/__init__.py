"""The benchmark of live delivery: ours and its peers side by side, on this machine, in one run (`make bench`).

Servers, publishers and the load client are processes of their own on loopback; no figure stands alone, each is a ratio
within the run. docs/benchmarks.md says what is measured and what the figures do not say.
"""
