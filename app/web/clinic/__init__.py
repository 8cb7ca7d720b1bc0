"""The pages of a clinic's staff: who works there, what waits, one submission, inviting, audit."""
