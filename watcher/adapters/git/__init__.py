"""Git repositories through the `git` command: clones in a cache, commits made without a work tree, pushes."""
