"""Incidents as files: recordings are read here and go through the daemon's own code in virtual time."""
