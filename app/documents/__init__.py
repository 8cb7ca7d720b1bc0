"""An assessment written down for someone else. May import rulebook and triage; never store."""
