"""What happened, kept. Nothing about a self-check is stored before it is handed to a clinic.

`tables/` what is kept; `ground/` the way to it; `accounts/` who works at a clinic; `keeping/` the
audit and forgetting. Here: people, invitations, submissions, and what staff do with them.

May import triage; knows nothing of pages, of the environment or of the time of day.
"""
