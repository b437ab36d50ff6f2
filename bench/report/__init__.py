"""RoPE measured beside its peers: what `bench/run --report` and `--compare` run."""
