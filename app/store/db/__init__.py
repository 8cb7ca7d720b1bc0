"""What the store stands on: the database, a clinic's scope, seals and keys, limits, bells, jobs."""
