"""Copies of the database: made while it is in use, sealed, checked, and brought back."""
