"""The machinery as operators see it: which processes there are, what each holds, what is wrong. No student's data."""
