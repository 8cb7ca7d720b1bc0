"""Ids joined with words for one reader: no HTTP, no SQL, no decision."""
