"""The gallery: pages of thumbnails to look through, mark and open.

series      what a page shows: seeds, classes, steps of the edit, marked pictures
browsing    which series, which picture of it, ψ and class: all that keys change; no widget in it
grid        rows and columns of a page in a terminal of some size
thumbnails  the pictures that have been made, as many as there is room for
asking      labels of an attribute: what is learnt of them, and kept as a slider
painting    thumbnails with their frames to dots
page        the widget with the thumbnails of one page
screen      the screen
"""
