"""The daemon: follows cluster and metrics, steps the core, keeps its records, carries out its commands."""
