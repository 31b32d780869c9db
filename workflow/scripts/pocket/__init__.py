"""Pocket, the embedded world: its language, the rubric that knows the truth, the raters and the tokenizer."""
