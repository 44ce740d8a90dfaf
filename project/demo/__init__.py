"""The demo: people, courses and videos to try the product with, made by `manage.py demo`."""
