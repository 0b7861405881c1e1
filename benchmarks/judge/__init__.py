"""The judge's benchmark: simulated releases, judged by the real core and by the rules that others use."""
