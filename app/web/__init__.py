"""The outermost room: HTTP and HTML over what the rooms below decide.

`patients/` the self-check and handing over; `clinic/` what staff see and do; `reading/` pages that
anyone reads. Here: what all of them share, and the door, access.py.

It may import everything below it; nothing below may import it. It knows the time of day and the
request; it knows no clinical number and no clinical word, which all live in rules/.
"""
