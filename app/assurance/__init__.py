"""What can be proved and measured of the rules. May import rulebook and triage."""
