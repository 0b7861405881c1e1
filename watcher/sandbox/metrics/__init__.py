"""Where the demo's numbers come from: a real Prometheus where there is one, else an embedded source that says so."""
