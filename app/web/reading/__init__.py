"""The pages that anyone reads: about calcinosis, about the rules, about what is proved."""
