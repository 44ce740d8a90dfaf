"""Drill-downs: all that is known of one student, and how one course goes."""
