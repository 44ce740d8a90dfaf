"""Django's PostgreSQL backend (settings: ENGINE), with dead connections replaced all at once (base.py)."""
