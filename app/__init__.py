"""Calcinosis Check: when to see a doctor about a hard lump, and what it might be.

The rooms, each looking only down:

    web            requests in, pages and JSON out       may import everything below
    presentation   ids joined with words for a reader    may import documents, store and below
    documents      an assessment for someone else        may import rulebook and triage
    store          what happened, kept (SQLModel)        may import rulebook and triage
    assurance      what can be proved of the rules       may import rulebook and triage
    rulebook       rules/ read, checked and published    may import triage
    triage         what the answers mean                 imports nothing of ours; pure
    -----------------------------------------------------------------------------------
    rules/         what clinicians decided: data, words, sources, cases; read once at start

`store`, `documents` and `assurance` stand side by side and never import each other.
`main.py` and `commands/` stand outside and join the rooms. `tests/test_floors.py` holds this.
"""
