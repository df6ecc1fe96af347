"""Alembic migrations of the store, run when it opens (callytics/store/database.py)."""
