"""From the files of rules/ to one value: reading, and every fault told with its file and line.

`rulebook.load` is the way in; nothing here runs once a rulebook is loaded.
"""
