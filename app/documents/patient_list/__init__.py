"""A clinic's list of patients to invite, as a file or as typed: bytes in, rows out.

`table` reads a file, `text_file` and `spreadsheet` know its kinds, `columns` finds what stands
where, `days` reads dates, `rows` says what is wrong with a line. Nothing is kept.
"""
