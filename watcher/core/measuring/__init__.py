"""From samples of counters to blocks: how many requests, and how many bad ones, each pod had."""
