"""What the workflow's scripts share: pure, importable functions, one module a job."""
