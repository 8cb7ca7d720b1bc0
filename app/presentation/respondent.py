"""Whom a self-check is about, as said by whoever answers."""

RESPONDENTS = ME, CHILD, OTHER = "me", "child", "other"
