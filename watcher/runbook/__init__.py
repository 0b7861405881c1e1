"""The incident runbook of one workload, with its real names and commands: for a person who goes back by hand."""
