"""End-to-end tests against real parts: etcd, Kubernetes, Argo Rollouts and Prometheus as processes."""
