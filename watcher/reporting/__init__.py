"""The report that justifies letting watcher act: from the rows of the decision log to one value, and its pages.

Pure but for `reading.py`, which goes through the log page by page.
"""
