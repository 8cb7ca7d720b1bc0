"""Calcinosis Check: when to see a doctor about a hard lump, and what it might be.

The floors, each looking only down:

    web         HTTP, HTML, JSON API              may import everything below
    store       what happened, kept (SQLModel)    may import triage
    documents   an assessment for someone else    may import triage
    assurance   what can be proved of the rules   may import triage
    triage      what the answers mean             imports nothing of ours; pure
    ---------------------------------------------------------------------------
    rules/      what clinicians decided: data, words, sources, cases; read once at start

`store`, `documents` and `assurance` stand side by side and never import each other.
`main.py` and `commands/` stand outside and join the floors. `tests/test_floors.py` holds this.
"""
