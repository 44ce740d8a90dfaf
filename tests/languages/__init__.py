"""Languages: every sentence is translated, and everybody reads their own language and time zone."""
