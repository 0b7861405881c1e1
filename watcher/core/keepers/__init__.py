"""What keeps a workload as Git says, read from objects of Argo CD and Flux, and from manifests."""
