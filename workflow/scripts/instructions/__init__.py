"""Instructions, the second world with a known truth: prompts with one checkable constraint, their truth, the raters."""
