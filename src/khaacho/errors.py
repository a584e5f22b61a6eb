"""Every way the product says no, on one page: code, HTTP status, sentence, and whether trying again may help.

A refusal changes nothing and carries the figures involved in `details` (snake_case here, camelCase on the wire;
amounts in paisa, which the edge shows as rupees). Domain code raises these; only the edges turn them into answers.
"""

from __future__ import annotations

from typing import Any, ClassVar


class KhaachoError(Exception):
    """What every refusal is. Subclasses give `code`, `status` and a `sentence` with details as fields."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, **details: Any) -> None:
        super().__init__(self.code)
        self.details: dict[str, Any] = details

    def __str__(self) -> str:
        return self.sentence.format(**self.details)


# --- the request itself ------------------------------------------------------------------------------------------


class MalformedRequest(KhaachoError):
    code, status, sentence = "MALFORMED_REQUEST", 400, "The request could not be read: {why}"


class ValidationFailed(KhaachoError):
    code, status, sentence = "VALIDATION_ERROR", 422, "{field}: {why}"


class InvalidAmount(KhaachoError):
    code, status, sentence = "VALIDATION_ERROR", 422, "{given!r} is not an amount: {why}"


class BodyTooLarge(KhaachoError):
    code, status, sentence = "BODY_TOO_LARGE", 413, "The request body is over {limit_bytes} bytes."


class UnsupportedMediaType(KhaachoError):
    code, status, sentence = "UNSUPPORTED_MEDIA_TYPE", 415, "Send the body as {expected}."


class MethodNotAllowed(KhaachoError):
    code, status, sentence = "METHOD_NOT_ALLOWED", 405, "This address does not take that method."


class NotFound(KhaachoError):
    code, status, sentence = "NOT_FOUND", 404, "There is no {what} with that id."


class RouteNotFound(KhaachoError):
    code, status, sentence = "ROUTE_NOT_FOUND", 404, "There is nothing at this address."


class AlreadyExists(KhaachoError):
    code, status, sentence = "ALREADY_EXISTS", 409, "There is already one with this {what}."


class Conflict(KhaachoError):
    code, status, sentence = "CONFLICT", 409, "{why}"


class IdempotencyKeyRequired(KhaachoError):
    code, status, sentence = "IDEMPOTENCY_KEY_REQUIRED", 400, "Send an Idempotency-Key header of 1 to 200 characters."


class IdempotencyKeyReused(KhaachoError):
    code, status = "IDEMPOTENCY_KEY_REUSED", 409
    sentence = "This Idempotency-Key was used before with another request."


class IdempotencyKeyExpired(KhaachoError):
    code, status = "IDEMPOTENCY_KEY_EXPIRED", 409
    sentence = "This was done under this Idempotency-Key so long ago that the answer is gone; send a new key."


class RequestInProgress(KhaachoError):
    code, status, retryable = "REQUEST_IN_PROGRESS", 409, True
    sentence = "The first request with this Idempotency-Key is still being worked on."


class TooManyRequests(KhaachoError):
    code, status, retryable = "RATE_LIMITED", 429, True
    sentence = "Too many requests; try again in {retry_after_seconds} seconds."


# --- who is asking -----------------------------------------------------------------------------------------------


class NotSignedIn(KhaachoError):
    code, status, sentence = "UNAUTHENTICATED", 401, "Sign in first."


class TokenInvalid(KhaachoError):
    code, status, sentence = "TOKEN_INVALID", 401, "The sign-in is not valid or has expired."


class TokenReused(KhaachoError):
    code, status = "TOKEN_REUSED", 401
    sentence = "This refresh token was used before; every sign-in that came from it has been ended."


class WrongCredentials(KhaachoError):
    code, status, sentence = "WRONG_CREDENTIALS", 401, "Phone number and password (or code) do not match."


class SignInLocked(KhaachoError):
    code, status, retryable = "SIGN_IN_LOCKED", 429, True
    sentence = "Too many wrong attempts; try again in {retry_after_seconds} seconds."


class Forbidden(KhaachoError):
    code, status, sentence = "FORBIDDEN", 403, "You may not do this."


class SignatureInvalid(KhaachoError):
    code, status, sentence = "SIGNATURE_INVALID", 403, "The signature does not match."


class AccountNotActive(KhaachoError):
    code, status, sentence = "ACCOUNT_NOT_ACTIVE", 403, "This account is {account_status}."


# --- retailers, vendors, goods -----------------------------------------------------------------------------------


class RetailerNotFound(KhaachoError):
    code, status, sentence = "RETAILER_NOT_FOUND", 404, "There is no such retailer."


class RetailerNotActive(KhaachoError):
    code, status, sentence = "RETAILER_NOT_ACTIVE", 403, "The retailer is {retailer_status}, not active."


class RetailerBlocked(KhaachoError):
    code, status, sentence = "RETAILER_BLOCKED", 403, "The retailer is blocked."


class ProductNotFound(KhaachoError):
    code, status, sentence = "PRODUCT_NOT_FOUND", 404, "There is no product {given!r}."


class AmbiguousSku(KhaachoError):
    code, status, sentence = "AMBIGUOUS_SKU", 422, "{sku!r} names different products at different vendors."


class NoVendorAvailable(KhaachoError):
    code, status, sentence = "NO_VENDOR_AVAILABLE", 422, "No vendor can deliver {products} now."


class InsufficientStock(KhaachoError):
    code, status, sentence = "INSUFFICIENT_STOCK", 409, "There is not enough of {sku}: {available} left."


class InvalidQuantity(KhaachoError):
    code, status = "INVALID_QUANTITY", 422
    sentence = "{quantity} of {sku} is not sold; the nearest quantity is {nearest}."


class PriceChanged(KhaachoError):
    code, status, sentence = "PRICE_CHANGED", 409, "Prices changed since the summary; please confirm again."


class ImportRefused(KhaachoError):
    code, status, sentence = "IMPORT_REFUSED", 422, "{refused_rows} of {rows} rows were refused; nothing was imported."


# --- trade credit ------------------------------------------------------------------------------------------------


class NoCreditAccount(KhaachoError):
    code, status, sentence = "NO_CREDIT_ACCOUNT", 404, "The retailer has no credit line."


class CreditBlocked(KhaachoError):
    code, status, sentence = "CREDIT_BLOCKED", 403, "Credit is blocked: {block_reason}"


class CreditPaused(KhaachoError):
    code, status, sentence = "CREDIT_PAUSED", 403, "Credit is paused: {pause_reason}"


class MaxOrderValueExceeded(KhaachoError):
    code, status = "MAX_ORDER_VALUE_EXCEEDED", 422
    sentence = "The order is above the largest order allowed on credit."


class OverdueCredit(KhaachoError):
    code, status, sentence = "OVERDUE_CREDIT", 403, "Earlier credit is overdue by {days_overdue} days."


class InsufficientCredit(KhaachoError):
    code, status, sentence = "INSUFFICIENT_CREDIT", 402, "The order is above the available credit."


class LockTimeout(KhaachoError):
    code, status, retryable = "LOCK_TIMEOUT", 503, True
    sentence = "Someone else is using this credit line at this moment."


class Deadlock(KhaachoError):
    code, status, retryable = "DEADLOCK", 503, True
    sentence = "Two actions waited for each other; one of them was undone."


class MaxRetriesExceeded(KhaachoError):
    code, status, retryable = "MAX_RETRIES_EXCEEDED", 503, True
    sentence = "The credit line stayed busy through {tries} tries."


class HoldNotFound(KhaachoError):
    code, status, sentence = "HOLD_NOT_FOUND", 404, "There is no such hold."


class AlreadyReleased(KhaachoError):
    code, status, sentence = "ALREADY_RELEASED", 409, "The hold was released before."


class AlreadySettled(KhaachoError):
    code, status, sentence = "ALREADY_SETTLED", 409, "The hold was settled before."


class AlreadyReversed(KhaachoError):
    code, status, sentence = "ALREADY_REVERSED", 409, "This was reversed before."


class BalanceOutOfBounds(KhaachoError):
    code, status = "BALANCE_OUT_OF_BOUNDS", 409
    sentence = "The account would leave its bounds."


class LimitBelowUse(KhaachoError):
    code, status = "LIMIT_BELOW_USE", 409
    sentence = "The new limit is below what is in use; say so explicitly to set it anyway."


class DebitNotFound(KhaachoError):
    code, status, sentence = "TRANSACTION_NOT_FOUND", 404, "There is no such open item."


class DebitCleared(KhaachoError):
    code, status, sentence = "TRANSACTION_CLEARED", 409, "This item is already cleared."


class PaymentNotFound(KhaachoError):
    code, status, sentence = "PAYMENT_NOT_FOUND", 404, "There is no such payment."


class AdjustmentNotFound(KhaachoError):
    code, status, sentence = "ADJUSTMENT_NOT_FOUND", 404, "There is no such adjustment."


class NotACheque(KhaachoError):
    code, status, sentence = "NOT_A_CHEQUE", 409, "Only a cheque clears or bounces; this was paid by {method}."


class ChequePending(KhaachoError):
    code, status, sentence = "CHEQUE_PENDING", 409, "The cheque has not cleared; it can bounce, not be reversed."


class AlreadyCleared(KhaachoError):
    code, status, sentence = "ALREADY_CLEARED", 409, "The cheque cleared before; what it paid can be reversed."


class AlreadyBounced(KhaachoError):
    code, status, sentence = "ALREADY_BOUNCED", 409, "The cheque bounced before."


class PaidAtTheDoor(KhaachoError):
    code, status = "PAYMENT_NOT_REVERSIBLE", 409
    sentence = "Cash taken at the door belongs to its delivery and cannot be reversed on its own."


class QuietHours(KhaachoError):
    code, status = "QUIET_HOURS", 409
    sentence = "Nobody is reminded of money from {quiet_from} to {quiet_until}; the next morning's run makes up for it."


class LedgerBroken(KhaachoError):
    code, status, sentence = "LEDGER_BROKEN", 500, "The ledger refused a posting that breaks its rules."


# --- baskets and orders ------------------------------------------------------------------------------------------


class OrderNotFound(KhaachoError):
    code, status, sentence = "ORDER_NOT_FOUND", 404, "There is no such order."


class BasketClosed(KhaachoError):
    code, status, sentence = "BASKET_CLOSED", 409, "This basket is {basket_state}."


class BasketEmpty(KhaachoError):
    code, status, sentence = "BASKET_EMPTY", 409, "There is nothing in this basket that can be delivered."


class InvalidTransition(KhaachoError):
    code, status = "INVALID_TRANSITION", 409
    sentence = "An order that is {from_status} cannot become {to_status}."


class NotYourTurn(KhaachoError):
    code, status = "NOT_ASSIGNED_TO_VENDOR", 409
    sentence = "The order is not with this vendor any more."


class DeliveryMismatch(KhaachoError):
    code, status = "DELIVERY_MISMATCH", 422
    sentence = "{sku}: {quantity} cannot be delivered; {ordered} were ordered."


# --- projects and applications -----------------------------------------------------------------------------------


class ProjectNotFound(KhaachoError):
    code, status, sentence = "PROJECT_NOT_FOUND", 404, "There is no such project."


class ApplicationNotFound(KhaachoError):
    code, status, sentence = "APPLICATION_NOT_FOUND", 404, "There is no such application."


class ProjectNotOpen(KhaachoError):
    code, status, sentence = "PROJECT_NOT_OPEN", 409, "The project takes no applications: it is {project_status}."


class OwnProject(KhaachoError):
    code, status, sentence = "OWN_PROJECT", 409, "Nobody applies to a project of their own."


class AlreadyApplied(KhaachoError):
    code, status, sentence = "ALREADY_APPLIED", 409, "This freelancer has applied to this project already."


class InvalidProjectStep(KhaachoError):
    code, status = "INVALID_TRANSITION", 409
    sentence = "A project that is {from_status} cannot become {to_status}."


class InvalidApplicationStep(KhaachoError):
    code, status = "INVALID_TRANSITION", 409
    sentence = "An application that is {from_status}, to a project that is {project_status}, cannot become {to_status}."


class AlreadyRefunded(KhaachoError):
    code, status, sentence = "ALREADY_REFUNDED", 409, "This application has been refunded before."


class RefundNotEligible(KhaachoError):
    code, status, sentence = "REFUND_NOT_ELIGIBLE", 409, "There is nothing to give back here: {why}"


# --- running it --------------------------------------------------------------------------------------------------


class InvalidSettings(KhaachoError):
    code, status = "INVALID_SETTINGS", 500
    sentence = "The settings have faults:"

    def __str__(self) -> str:
        return "\n  - ".join([self.sentence, *self.details["faults"]])


class DatabaseUnavailable(KhaachoError):
    code, status, retryable = "DATABASE_UNAVAILABLE", 503, True
    sentence = "The database did not answer."


class RequestTimeout(KhaachoError):
    code, status, retryable = "REQUEST_TIMEOUT", 503, True
    sentence = "The request took too long."


class SimulatorOff(KhaachoError):
    code, status, sentence = "SIMULATOR_OFF", 404, "The simulator is switched off."


class MessageNotRetryable(KhaachoError):
    code, status, sentence = "MESSAGE_NOT_RETRYABLE", 409, "Only a failed message can be sent again."


class JobNotFound(KhaachoError):
    code, status, sentence = "JOB_NOT_FOUND", 404, "There is no job named {name!r}."


class InternalError(KhaachoError):
    """What the edge answers for anything unforeseen; the cause goes to the log, never to the caller."""
