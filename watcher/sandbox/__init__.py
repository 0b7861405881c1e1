"""The embedded world of the demo: a cluster, its controllers, a shop of services and a metrics source."""
