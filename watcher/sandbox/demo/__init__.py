"""The demo: a shop in the embedded cluster, real scrapes, and the daemon as it runs in production."""
