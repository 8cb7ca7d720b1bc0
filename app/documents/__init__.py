"""An assessment written down for someone else. May import triage; never store, assurance or web."""
