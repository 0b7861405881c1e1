"""The preflight: what would keep watcher from seeing a bad release or from undoing it, before the incident.

`gathering` asks cluster and sources, and makes plain values of the answers (`facts`); `rules` are pure and make
findings of them; `examine` puts both together.  Nothing here writes to anything.
"""
