"""The rules, one file for each part of the machinery; consumers/ops/symptoms.py applies them all."""
