"""Drill-downs: the page of one student, and the page of one course."""
