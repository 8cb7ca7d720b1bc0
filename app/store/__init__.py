"""What happened, kept. Nothing about a self-check is stored before it is handed to a clinic.

May import triage; knows nothing of pages, of the environment or of the time of day.
"""
