"""Where money stands: double entry, holds, and the proof that every figure is right."""
