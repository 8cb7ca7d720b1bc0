"""Proofs over every answer set, by two checkers that share only the rule files.

`certificate` joins them. By SAT: `formula`, `sat`, `prover`, `properties_*`. By decision
diagrams: `answer_space`, `diagram*`. `evaluator` reads the rules a third time, its own way.
"""
