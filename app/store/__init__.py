"""What happened, kept. Nothing about a self-check is ever stored.

May import triage; knows nothing of pages, of the environment or of the time of day.
"""
