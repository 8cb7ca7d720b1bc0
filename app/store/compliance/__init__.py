"""What is kept and what is forgotten: the audit, retention, and giving out or erasing a person."""
