"""What a GitOps controller must do to be taken for Argo CD: the simulated one of the sandbox, and the real one."""
