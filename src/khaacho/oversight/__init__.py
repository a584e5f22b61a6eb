"""For those who watch over it: the audit, the jobs, the nightly proof that the books are right."""
