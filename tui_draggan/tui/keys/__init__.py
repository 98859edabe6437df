"""The keys: one row each, a file for each subject, all of them in `table`.

Where a key means different things at different moments (Enter, space) it has a row for each, and
`when` picks the right one. A mode brings a file of rows and its line in `table`; what its keys do
stands in a module of its own beside `editor`.
"""
