"""Prometheus-compatible query APIs: Prometheus, Thanos, Mimir, VictoriaMetrics."""
