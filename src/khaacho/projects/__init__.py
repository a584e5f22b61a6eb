"""The jobs freelancers apply to: posted, applied for with prepaid credits, given away, and paid back when they fall."""
