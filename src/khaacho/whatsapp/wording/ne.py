"""What we say, in Nepali."""

from __future__ import annotations

from khaacho.whatsapp.wording.en import English


class Nepali(English):
    """The same in respectful everyday Nepali; command words stay in Latin letters, as people type them."""

    # --- about the channel itself --------------------------------------------------------------------------------

    def handling_failed(self) -> str:
        return (
            "🙏 माफ गर्नुहोस्, तपाईंको अघिल्लो सन्देशमा काम गर्न सकेनौं। हाम्रा मान्छेलाई खबर भइसक्यो। "
            "केही बेरमा फेरि पठाउनुहोस्, वा SUPPORT लेख्नुहोस्।"
        )

    def opted_out(self) -> str:
        return "अब तपाईंले लेखेको कुराको जवाफ बाहेक हाम्रा सन्देश आउने छैनन्। फेरि पाउन START लेख्नुहोस्।"

    def opted_in(self) -> str:
        return "फेरि स्वागत छ 🙏 अब हाम्रा सन्देश आउनेछन्। नचाहिएको बेला STOP लेख्नुहोस्।"
