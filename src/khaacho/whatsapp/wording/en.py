"""What we say, in English."""

from __future__ import annotations


class English:
    """Short, warm and exact; every figure a person needs, and always what to write next."""

    # --- about the channel itself --------------------------------------------------------------------------------

    def handling_failed(self) -> str:
        return (
            "🙏 Sorry, we could not work through your last message. Our people have been told. "
            "Please send it again in a little while, or write SUPPORT."
        )

    def opted_out(self) -> str:
        return "You will get no more messages from us, except answers to what you write. Write START to get them again."

    def opted_in(self) -> str:
        return "Welcome back 🙏 You will get our messages again. Write STOP whenever you want them to end."
