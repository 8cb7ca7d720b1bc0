"""How the tables came to be, step by step. Once published, a step never changes."""
