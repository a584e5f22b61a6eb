"""Who may owe: credit lines, the guardrail decision, open items, payments and what they clear."""
