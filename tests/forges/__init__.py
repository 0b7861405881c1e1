"""Stand-ins for forges: each keeps pull requests in memory and answers in the shape that its documentation gives.

They are no forges: nothing is checked that the tests do not ask for.
"""
