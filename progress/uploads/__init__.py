"""Uploaded videos and captions: looked at when they come, read by a job, removed once no lesson wants them."""
