"""The pages of patients: the self-check, its result, and what they hand to a clinic."""
