"""What can be proved and measured of the rules. May import triage and nothing else of ours."""
