"""The top floor: HTTP and HTML over what the floors below decide.

It may import everything below it; nothing below may import it. It knows the time of day and the
request; it knows no clinical number and no clinical word, which all live in rules/.
"""
