"""The WhatsApp channel: what people write to us, and what we write back."""
