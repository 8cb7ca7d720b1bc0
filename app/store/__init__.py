"""What happened, kept. Nothing about a self-check is stored before it is handed to a clinic.

`db/` the tables and the way to them; `accounts/` who works at a clinic. Here: people, invitations,
submissions, what staff do with them (`review_rules` holds every step, `reviews` takes it), what is
forgotten (`retention`), and what a person may ask for (`person_requests`).

May import rulebook and triage; knows nothing of pages, of the environment or of the time of day.
"""
