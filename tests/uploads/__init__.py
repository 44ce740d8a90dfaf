"""Uploaded videos and captions: what is taken, what is found in a file, and what becomes of files."""
