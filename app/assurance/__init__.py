"""What can be proved and measured of the rules. May import triage; never store, documents or web."""
