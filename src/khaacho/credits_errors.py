"""The second page of refusals: prepaid credits and the gateways they are paid through. See `khaacho.errors`."""

from __future__ import annotations

from khaacho.errors import KhaachoError


class ProfileNotFound(KhaachoError):
    code, status, sentence = "PROFILE_NOT_FOUND", 404, "Only freelancers have prepaid credits."


class UserNotFound(KhaachoError):
    code, status, sentence = "USER_NOT_FOUND", 404, "There is no such user."


class InvalidPackage(KhaachoError):
    code, status, sentence = "INVALID_PACKAGE", 422, "The package cannot be used: {why}"


class InvalidCreditsAmount(KhaachoError):
    code, status = "INVALID_AMOUNT", 422
    sentence = "Between {minimum} and {maximum} credits can be bought at once."


class MaxBalanceExceeded(KhaachoError):
    code, status = "MAX_BALANCE_EXCEEDED", 422
    sentence = "At most {maximum} credits can be kept; with these there would be {balance_after}."


class InsufficientCredits(KhaachoError):
    code, status = "INSUFFICIENT_CREDITS", 402
    sentence = "Credits needed: {required}; you have {available}."


class NegativeBalance(KhaachoError):
    code, status = "NEGATIVE_BALANCE", 409
    sentence = "Only {available} credits are there to take away."


class InvalidAdjustment(KhaachoError):
    code, status, sentence = "INVALID_ADJUSTMENT", 422, "The balance cannot be adjusted so: {why}"


class InvalidSignature(KhaachoError):
    code, status, sentence = "INVALID_SIGNATURE", 403, "The payment gateway's signature does not match."


class PaymentNotCaptured(KhaachoError):
    code, status = "PAYMENT_NOT_CAPTURED", 409
    sentence = "The payment is {payment_status}; credits come once it has been taken."


class PaymentMismatch(KhaachoError):
    code, status, sentence = "PAYMENT_MISMATCH", 409, "The payment is not the one that was ordered: its {what} differs."


class GatewayUnavailable(KhaachoError):
    code, status, retryable = "GATEWAY_UNAVAILABLE", 503, True
    sentence = "The payment gateway did not answer."


class GatewayNotConfigured(KhaachoError):
    code, status, sentence = "GATEWAY_NOT_CONFIGURED", 422, "Paying over {gateway} is not set up here."
