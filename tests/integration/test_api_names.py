"""The names that outside clients rely on, in one table: method, path, who may, body, what the answer holds, status.

The rows are called in order, in a small world of their own, over real HTTP. Whoever is not named in a row is refused
first; then the first one named makes the call. A field, a path or a code that is called otherwise fails here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from tests.fixtures.credits import OpenShop, Shop
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.trade import assert_books_hold

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.parties.records import Locale
from khaacho.platform.database import Database

# A admin, O operator, V vendor, R retailer, F freelancer; small letters: others of that kind, who own nothing here.
EVERYBODY = "AOVvRrFf"
# Whoever calls, signed in or not.
OPEN = "-"

ORDER = """id code retailerId vendorId status lines subtotal tax total paymentMode holdId dueDate paymentStatus
    failedAt failureReason"""
LINE = "sku productId quantity unitPrice amount tax"
RETAILER = "id code pasalName ownerName phoneNumber city latitude longitude locale status creditLimit creditStatus"
VENDOR = "id code name ownerName phoneNumber city status"
PRODUCT = "id code name nameNe brand category sellingUnit packSize packUnit unitsPerCarton vatRate"
OFFER = "id vendorId productId sku price stock minQuantity maxQuantity multiple leadTimeDays"
TOKENS = "accessToken refreshToken expiresIn user | user: id role name"
AGES = "0-7 8-14 15-30 30+"
RISK = "retailerId pasalName phoneNumber creditLimit usedCredit creditStatus total"
OPEN_ITEM = "transactionId amount remaining state dueOn"
STANDING = "retailerId creditStatus reason"
GUARDRAILS = "retailerId creditLimit usedCredit availableCredit maxOrderValue maxOutstandingDays termsDays creditStatus"
PAYMENT = "paymentId transactionId amountPaid remaining status allocations"
ADJUSTMENT = "adjustmentId type amount newUsedCredit"
INSIGHT = "ordersThisWeek ordersLastWeek ordersThisMonth ordersLast30Days avgOrderValue totalSpent daysActive"
AUDIT = "items: id action reference oldValues newValues performedBy reason createdAt requestId"
AUDITED = """CREDIT_ADDED CREDIT_CLEARED CREDIT_LIMIT_CHANGED UNPAUSE_CREDIT ADJUSTMENT PROMISE_TO_PAY ORDER_CREATED
    ORDER_STATUS_CHANGED LOGIN"""
PROJECT = "id ownerId title budget status deadline createdAt"
APPLICATION = "id projectId freelancerId message bidAmount status creditsSpent createdAt"
HISTORY = "page limit total items | items: transactionId type credits balanceBefore balanceAfter createdAt"


class Row(NamedTuple):
    """One call. In path and body "{name}" and "$name" are what an earlier row saved, or an id of the world.

    `answer` lists the fields of `data`, or of what lies at the place before a colon there (of a list, its first); for
    a status from 400 on it is the refusal's code.
    """

    method: str
    path: str
    roles: str
    body: Any
    answer: str
    status: int = 200
    save: dict[str, str] = {}  # noqa: RUF012


def order_of(sku: str, quantity: float, mode: str, **more: Any) -> dict[str, Any]:
    items = [{"sku": sku, "quantity": quantity}]
    return {"retailerId": "$R_id", "items": items, "paymentMode": mode, **more}


def saved_order(name: str) -> dict[str, str]:
    return {name: "orders.0.id", f"{name}_code": "orders.0.code"}


SIGN_IN = [
    Row(
        "POST",
        "/auth/register",
        OPEN,
        {"role": "FREELANCER", "phoneNumber": "9801110001", "name": "Mina", "password": "a long password"},
        "id role status",
        201,
        {"mina": "id"},
    ),
    Row(
        "POST",
        "/auth/register",
        OPEN,
        {"role": "RETAILER", "phoneNumber": "9801110002", "pasalName": "Mina", "ownerName": "Mina", "city": "Surkhet"},
        "id role status retailerId",
        201,
        {"pending_shop": "retailerId"},
    ),
    Row(
        "POST",
        "/auth/register",
        OPEN,
        {"role": "VENDOR", "phoneNumber": "9801110003", "businessName": "Mina", "name": "Mina", "city": "Surkhet"},
        "id role status vendorId",
        201,
        {"pending_vendor": "vendorId"},
    ),
    Row(
        "POST",
        "/auth/register",
        OPEN,
        {"role": "ADMIN", "phoneNumber": "9801110004", "name": "Mina"},
        "VALIDATION_ERROR",
        422,
    ),
    Row("POST", "/admin/users/{mina}/approve", "AO", None, "id role status"),
    Row(
        "POST",
        "/auth/login",
        OPEN,
        {"phoneNumber": "9801110001", "password": "a long password"},
        TOKENS,
        200,
        {"refresh": "refreshToken"},
    ),
    Row("POST", "/auth/login", OPEN, {"phoneNumber": "9801110001", "password": "another"}, "WRONG_CREDENTIALS", 401),
    Row("POST", "/auth/refresh", OPEN, {"refreshToken": "$refresh"}, TOKENS, 200, {"refresh": "refreshToken"}),
    Row("POST", "/auth/otp", OPEN, {"phoneNumber": "9801110001"}, "expiresIn"),
    Row("POST", "/auth/otp/verify", OPEN, {"phoneNumber": "9801110001", "code": "0"}, "WRONG_CREDENTIALS", 401),
    Row("POST", "/auth/logout", OPEN, {"refreshToken": "$refresh"}, "done"),
    Row("GET", "/auth/me", EVERYBODY, None, "id role name phoneNumber"),
]

PEOPLE_AND_GOODS = [
    Row(
        "POST",
        "/admin/retailers",
        "AO",
        {
            "pasalName": "Ram",
            "ownerName": "Ram",
            "phoneNumber": "9801110005",
            "city": "Surkhet",
            "latitude": 28.6,
            "longitude": 81.6,
            "locale": "en",
            "creditLimit": 50000,
        },
        RETAILER,
        201,
        {"shop": "id"},
    ),
    Row("GET", "/admin/retailers?limit=2", "AO", None, f"items nextCursor | items: {RETAILER}"),
    Row("GET", "/admin/retailers/{shop}", "AO", None, RETAILER),
    Row("PATCH", "/admin/retailers/{shop}", "AO", {"city": "Birendranagar", "creditLimit": "60000.50"}, RETAILER),
    Row("POST", "/admin/retailers/{pending_shop}/approve", "AO", None, RETAILER),
    Row(
        "POST",
        "/admin/vendors",
        "AO",
        {"name": "Ram Traders", "ownerName": "Ram", "phoneNumber": "9801110006", "city": "Surkhet"},
        VENDOR,
        201,
        {"trader": "id"},
    ),
    Row("GET", "/admin/vendors", "AO", None, f"items nextCursor | items: {VENDOR}"),
    Row("GET", "/admin/vendors/{trader}", "AO", None, VENDOR),
    Row("PATCH", "/admin/vendors/{trader}", "AO", {"city": "Nepalgunj"}, VENDOR),
    Row("POST", "/admin/vendors/{pending_vendor}/approve", "AO", None, VENDOR),
    Row(
        "POST",
        "/admin/products",
        "AO",
        {
            "code": "RICE",
            "name": "Rice 1 kg",
            "nameNe": "चामल",
            "brand": "Hulas",
            "category": "rice",
            "sellingUnit": "packet",
            "packSize": 1,
            "packUnit": "kg",
            "unitsPerCarton": 12,
            "vatRate": 13,
        },
        PRODUCT,
        201,
        {"rice": "id"},
    ),
    Row(
        "POST",
        "/admin/products",
        "AO",
        {"code": "DAL", "name": "Dal 1 kg", "category": "dal", "sellingUnit": "packet"},
        PRODUCT,
        201,
        {"dal": "id"},
    ),
    Row("GET", "/admin/products", "AOVvRr", None, f"items nextCursor | items: {PRODUCT}"),
    Row("GET", "/admin/products/{rice}", "AOVvRr", None, PRODUCT),
    Row("PATCH", "/admin/products/{rice}", "AO", {"brand": "Bheri"}, PRODUCT),
    Row("POST", "/admin/products/{rice}/aliases", "AO", {"phrase": "chamal"}, "productId phrase", 201),
    Row(
        "POST",
        "/vendors/{V_id}/offers",
        "VAO",
        {
            "productId": "$rice",
            "sku": "RICE",
            "price": 100.25,
            "stock": 500,
            "minQuantity": 1,
            "maxQuantity": 300,
            "multiple": 1,
            "leadTimeDays": 1,
        },
        OFFER,
        201,
        {"offer": "id"},
    ),
    Row(
        "POST",
        "/vendors/{V_id}/offers",
        "VAO",
        {"productId": "$dal", "sku": "DAL", "price": "90", "stock": "500"},
        OFFER,
        201,
    ),
    Row("GET", "/vendors/{V_id}/offers", "VAO", None, f"items nextCursor | items: {OFFER}"),
    Row("PATCH", "/vendors/{V_id}/offers/{offer}", "VAO", {"price": "100.00"}, OFFER),
    Row(
        "POST",
        "/vendors/{V_id}/offers/bulk",
        "VAO",
        {"offers": [{"productId": "$rice", "sku": "RICE", "price": 100, "stock": 500}]},
        f"offers created changed unchanged | offers: {OFFER}",
    ),
    Row(
        "POST",
        "/vendors/{V_id}/stock",
        "VAO",
        {"sku": "RICE", "change": 5, "reason": "counted again"},
        "sku stock reserved available",
    ),
    Row("POST", "/admin/import/catalog", "AO", b"sku,name\n", "IMPORT_REFUSED", 422),
]

ORDERS = [
    Row(
        "POST",
        "/orders",
        "RAO",
        order_of("RICE", 10, "CREDIT", notes="by noon"),
        f"orders: {ORDER} | orders.0.lines: {LINE}",
        201,
        saved_order("first"),
    ),
    Row("POST", "/orders", "RAO", order_of("DAL", 2, "COD"), f"orders: {ORDER}", 201, saved_order("second")),
    Row(
        "POST",
        "/orders",
        "RAO",
        {"retailerId": "$R_id", "items": [{"productId": "$rice", "quantity": "1"}], "paymentMode": "COD"},
        f"orders: {ORDER}",
        201,
        saved_order("third"),
    ),
    Row("POST", "/orders", "RAO", order_of("RICE", 1000, "COD"), "INSUFFICIENT_STOCK", 409),
    Row(
        "POST",
        "/orders/batch",
        "RAOr",
        {"orders": [order_of("RICE", 1, "COD", idempotencyKey="b1"), order_of("NONE", 1, "COD", idempotencyKey="b2")]},
        f"outcomes: idempotencyKey success | outcomes.0.orders: {ORDER} | outcomes.1.error: code message",
        200,
        {"fourth": "outcomes.0.orders.0.id"},
    ),
    Row(
        "GET",
        "/orders?status=PENDING&retailerId={R_id}&{period}&limit=1",
        "RAOVv",
        None,
        f"items nextCursor | items: {ORDER}",
        200,
        {"cursor": "nextCursor"},
    ),
    Row("GET", "/orders?vendorId={V_id}&cursor={cursor}", "VAORr", None, f"items nextCursor | items: {ORDER}"),
    Row("GET", "/orders?from=2026-01-01T00:00:00", "AOVvRr", None, "VALIDATION_ERROR", 422),
    Row("GET", "/orders/{first}", "RVAO", None, ORDER),
    Row("GET", "/orders/{first_code}", "RVAO", None, ORDER),
    Row("GET", "/orders/{first}/history", "RVAO", None, ": fromStatus toStatus reason performedBy createdAt"),
    Row("POST", "/orders/{first}/pack", "VAO", None, "INVALID_TRANSITION", 409),
    Row("POST", "/orders/{first}/accept", "VAO", None, ORDER),
    Row("POST", "/orders/{first}/pack", "VAO", None, ORDER),
    Row("POST", "/orders/{first}/dispatch", "VAO", None, ORDER),
    Row("POST", "/orders/{first}/out-for-delivery", "VAO", None, ORDER),
    Row(
        "POST",
        "/orders/{first}/deliver",
        "VAO",
        {"lines": [{"sku": "RICE", "quantity": 9}]},
        f"{ORDER} | lines: {LINE}",
    ),
    Row("POST", "/orders/{first}/complete", "RAO", None, ORDER),
    Row(
        "POST",
        "/vendors/{v_id}/offers",
        "vAO",
        {"productId": "$dal", "sku": "DAL", "price": 90, "stock": 500},
        OFFER,
        201,
    ),
    Row("POST", "/orders/{second}/reroute", "AO", {"vendorId": "$v_id", "reason": "the other is closed"}, ORDER),
    Row("POST", "/orders/{third}/decline", "VAO", None, ORDER),
    Row("POST", "/orders/{second}/cancel", "RAOv", {"reason": "not needed"}, ORDER),
    Row("GET", "/admin/orders/pending/{R_id}", "AO", None, ""),
    Row("GET", "/admin/orders/failed/{R_id}", "AO", None, ""),
    Row("POST", "/admin/orders/{fourth}/retry", "AO", None, ORDER),
    Row("POST", "/admin/orders/expire-pending", "AO", None, "expired"),
]

WHATSAPP = [
    Row("POST", "/whatsapp/webhook", OPEN, {}, "SIGNATURE_INVALID", 403),
    Row("POST", "/whatsapp/status", OPEN, {}, "SIGNATURE_INVALID", 403),
    Row("GET", "/whatsapp/cloud?hub.mode=subscribe", OPEN, None, "SIGNATURE_INVALID", 403),
    Row("POST", "/whatsapp/cloud", OPEN, {}, "SIGNATURE_INVALID", 403),
    Row(
        "POST",
        "/whatsapp/simulator",
        OPEN,
        {"from": "+9779801110005", "text": "namaste"},
        "messageId",
        201,
        {"said": "messageId"},
    ),
    Row(
        "POST",
        "/whatsapp/simulator",
        OPEN,
        {"from": "+9779801110005", "text": "", "mediaUrl": "https://example.org/a.jpg"},
        "messageId",
        201,
    ),
    Row("GET", "/whatsapp/simulator/+9779801110005?after={said}", OPEN, None, "items"),
    Row("GET", "/whatsapp/simulator/+9779801110005?after=2026-01-01T00:00:00%2B05:45", OPEN, None, "items"),
    Row("GET", "/whatsapp/simulator/+9779801110005?after=yesterday", OPEN, None, "VALIDATION_ERROR", 422),
    Row(
        "POST",
        "/whatsapp/send",
        "AO",
        {"to": "+9779801110005", "message": "Hello"},
        "messageId",
        201,
        {"sent": "messageId"},
    ),
    Row(
        "GET",
        "/admin/messages?contact=%2B9779801110005&direction=OUTBOUND&status=QUEUED",
        "AO",
        None,
        "items nextCursor | items: id direction phone status text createdAt",
    ),
    Row("POST", "/admin/messages/{sent}/retry", "AO", None, "MESSAGE_NOT_RETRYABLE", 409),
]

CREDIT = [
    Row(
        "GET",
        "/admin/credit/risk-dashboard?limit=1",
        "AO",
        None,
        f"summary: {AGES} totalOutstanding retailerCount highRiskCount | retailerRisks: {AGES} {RISK}",
    ),
    Row(
        "GET",
        "/admin/credit/retailer/{R_id}",
        "AO",
        None,
        f"profile oldestOpenDays transactions holds payments | buckets: {AGES} | openItems.items: {OPEN_ITEM}",
        200,
        {"debit": "openItems.items.0.transactionId", "line": "profile.lines.0.accountId"},
    ),
    Row(
        "POST",
        "/admin/credit/accounts",
        "AO",
        {
            "retailerId": "$R_id",
            "vendorId": "$v_id",
            "creditLimit": 5000,
            "maxOrderValue": 2000,
            "maxOutstandingDays": 30,
            "termsDays": 7,
        },
        "accountId retailerId vendorId creditLimit maxOrderValue maxOutstandingDays termsDays",
        201,
    ),
    Row("POST", "/admin/credit/accounts", "AO", {"retailerId": "$R_id", "creditLimit": 5000}, "ALREADY_EXISTS", 409),
    Row(
        "POST",
        "/admin/credit/accounts",
        "AO",
        {"retailerId": "$nobody", "creditLimit": 5000},
        "RETAILER_NOT_FOUND",
        404,
    ),
    Row("POST", "/admin/credit/{R_id}/pause", "AO", {"reason": "late"}, STANDING),
    Row("POST", "/admin/credit/{R_id}/unpause", "AO", None, STANDING),
    Row("POST", "/admin/credit/{R_id}/block", "AO", {"reason": "false name"}, STANDING),
    Row("POST", "/admin/credit/{R_id}/unpause", "AO", {"reason": "found"}, STANDING),
    Row("GET", "/admin/credit/{R_id}/evaluate", "AO", None, "shouldPause reason daysOverdue"),
    Row(
        "POST",
        "/admin/payment/record",
        "AO",
        {"transactionId": "$debit", "amountPaid": 100.5, "method": "CASH", "reference": "r1", "eventAt": "$now"},
        f"{PAYMENT} | allocations: transactionId amount",
        201,
        {"paid": "paymentId"},
    ),
    Row(
        "POST",
        "/admin/payment/record",
        "AO",
        {"retailerId": "$R_id", "amountPaid": "20", "method": "CHEQUE"},
        PAYMENT,
        201,
        {"cheque": "paymentId"},
    ),
    Row(
        "POST",
        "/admin/payment/record",
        "AO",
        {"retailerId": "$R_id", "amountPaid": "20", "method": "CHEQUE"},
        PAYMENT,
        201,
        {"bad_cheque": "paymentId"},
    ),
    Row(
        "POST",
        "/admin/payment/record",
        "AO",
        {"retailerId": "$R_id", "amountPaid": 1, "method": "MOBILE_MONEY"},
        PAYMENT,
        201,
    ),
    Row(
        "POST",
        "/admin/payment/record",
        "AO",
        {"retailerId": "$R_id", "amountPaid": 1, "method": "BANK_TRANSFER"},
        PAYMENT,
        201,
    ),
    Row("POST", "/admin/payment/{cheque}/clear", "AO", None, PAYMENT),
    Row("POST", "/admin/payment/{bad_cheque}/bounce", "AO", None, "paymentId amount status"),
    Row("POST", "/admin/payment/{paid}/reverse", "AO", {"reason": "another shop's"}, "id amount status newUsedCredit"),
    Row("POST", "/admin/payment/{paid}/reverse", "AO", {"reason": "again"}, "ALREADY_REVERSED", 409),
    Row(
        "POST",
        "/admin/adjustment/create",
        "AO",
        {"retailerId": "$R_id", "adjustmentAmount": -10.25, "reason": "return"},
        ADJUSTMENT,
        201,
        {"adjustment": "adjustmentId"},
    ),
    Row(
        "POST",
        "/admin/adjustment/create",
        "AO",
        {"retailerId": "$R_id", "adjustmentAmount": 10, "reason": "opening balance"},
        ADJUSTMENT,
        201,
    ),
    *(
        Row(
            "POST",
            "/admin/adjustment/create",
            "AO",
            {"retailerId": "$R_id", "adjustmentAmount": -1, "reason": reason},
            ADJUSTMENT,
            201,
        )
        for reason in ("dispute", "chargeback", "promotion", "write-off")
    ),
    Row("POST", "/admin/adjustment/{adjustment}/reverse", "AO", None, "id amount status newUsedCredit"),
    Row(
        "POST",
        "/admin/promise",
        "AO",
        {"retailerId": "$R_id", "date": "$today", "amount": 10, "note": "by evening"},
        "promiseId retailerId date amount note",
        201,
    ),
    Row("GET", "/admin/insights/{R_id}", "AO", None, INSIGHT),
    Row("GET", "/admin/insights/{R_id}/message", "AO", None, "message"),
    Row("GET", "/admin/insights/system/overview", "AO", None, "ordersThisWeek ordersLastWeek avgOrderValue totalSpent"),
    Row("POST", "/admin/insights/regenerate-all", "AO", None, "total success failed"),
    Row("GET", "/admin/audit/{R_id}?limit=3", "AO", None, AUDIT),
    Row("GET", "/admin/audit/credit/all?limit=3&action=PAUSE_CREDIT&{period}", "AO", None, AUDIT),
    *(Row("GET", f"/admin/audit/credit/all?action={action}", "AO", None, AUDIT) for action in AUDITED.split()),
    Row(
        "POST",
        "/admin/guardrails/validate-order",
        "AO",
        {"retailerId": "$R_id", "orderAmount": 100, "paymentMode": "CREDIT"},
        "allowed reason message details",
    ),
    Row("GET", "/admin/guardrails/{R_id}", "AO", None, GUARDRAILS),
    Row(
        "PUT",
        "/admin/guardrails/{R_id}",
        "AO",
        {
            "creditLimit": 1100,
            "maxOrderValue": 1000,
            "maxOutstandingDays": 30,
            "termsDays": 7,
            "deMinimis": 100,
            "reason": "smaller",
        },
        GUARDRAILS,
    ),
    Row("POST", "/admin/guardrails/evaluate-all", "AO", None, "atRisk raised"),
    Row("GET", "/admin/guardrails/at-risk", "AO", None, ": retailerId riskType severity amount creditLimit usedCredit"),
    Row("POST", "/admin/payment/reminders", "AO", {"dryRun": True}, "dryRun reminders"),
    Row("GET", "/credit/me", "Rr", None, "creditLimit usedCredit availableCredit creditStatus openItems"),
    Row(
        "GET",
        "/ledger/accounts/{line}/statement?asOf=2090-01-01T00:00:00%2B05:45",
        "RAO",
        None,
        "accountId opening closing movements | movements: eventAt createdAt code change balance",
    ),
    Row(
        "GET",
        "/ledger/accounts/{line}/statement?{period}",
        "RAO",
        None,
        "accountId opening closing movements nextCursor",
    ),
    Row("GET", "/ledger/accounts/{line}/statement?asOf=2026-01-01T00:00:00", "RAO", None, "VALIDATION_ERROR", 422),
]

PREPAID = [
    Row("GET", "/credits/balance", "Ff", None, "balance"),
    Row(
        "GET",
        "/credits/packages",
        "FfAO",
        None,
        "packages | packages: id name credits price perCredit savings popular",
        200,
        {"package": "packages.0.id"},
    ),
    Row(
        "POST",
        "/credits/initiate-purchase",
        "Ff",
        {"packageId": "$package"},
        "orderId keyId amount currency credits packageName",
        201,
        {"purchase": "orderId"},
    ),
    Row(
        "POST",
        "/credits/initiate-purchase",
        "Ff",
        {"creditsAmount": 7},
        "orderId keyId amount currency credits packageName",
        201,
    ),
    Row("POST", "/credits/initiate-purchase", "Ff", {"creditsAmount": 201}, "INVALID_AMOUNT", 422),
    Row("POST", "/credits/initiate-purchase", "Ff", {"packageId": "$nobody"}, "INVALID_PACKAGE", 422),
    Row(
        "POST",
        "/credits/verify-payment",
        "Ff",
        {"razorpayOrderId": "$purchase", "razorpayPaymentId": "$payment", "razorpaySignature": "$signature"},
        "creditsAdded creditsBalance transactionId",
    ),
    Row(
        "POST",
        "/credits/verify-payment",
        "Ff",
        {"razorpayOrderId": "$purchase", "razorpayPaymentId": "$payment", "razorpaySignature": "00"},
        "INVALID_SIGNATURE",
        403,
    ),
    Row("POST", "/webhooks/razorpay", OPEN, {}, "INVALID_SIGNATURE", 403),
    Row("GET", "/credits/history?page=1&limit=100&type=PURCHASE&{period}", "Ff", None, HISTORY),
    Row("GET", "/credits/history?limit=101", "Ff", None, "VALIDATION_ERROR", 422),
    Row(
        "POST",
        "/projects",
        "VAORvr",
        {"title": "Photos", "description": "Forty", "budget": 1500.5, "deadline": "2090-01-01T00:00:00+05:45"},
        PROJECT,
        201,
        {"project": "id"},
    ),
    Row("POST", "/projects", "VAORvr", {"title": "Deliveries"}, PROJECT, 201, {"other_project": "id"}),
    Row("GET", "/projects?status=OPEN&limit=1", EVERYBODY, None, "items nextCursor"),
    Row("GET", "/projects/{project}", "FfVAO", None, PROJECT),
    Row(
        "POST",
        "/applications",
        "Ff",
        {"projectId": "$project", "message": "I can", "bidAmount": 1200},
        APPLICATION,
        201,
        {"application": "id"},
    ),
    Row("POST", "/applications", "Ff", {"projectId": "$project"}, "ALREADY_APPLIED", 409),
    Row("GET", "/credits/refund-eligibility/{application}", "F", None, "eligible refundAmount refundPercent reason"),
    Row("POST", "/applications/{application}/withdraw", "F", None, APPLICATION),
    Row("GET", "/applications/mine", "Ff", None, f"items nextCursor | items: {APPLICATION}"),
    Row(
        "GET",
        "/credits/refunds",
        "Ff",
        None,
        "items | items: applicationId reason refundPercent refundAmount createdAt",
    ),
    Row("POST", "/applications", "Ff", {"projectId": "$project"}, APPLICATION, 201, {"application": "id"}),
    Row("POST", "/applications", "Ff", {"projectId": "$other_project"}, APPLICATION, 201, {"other_application": "id"}),
    Row("POST", "/applications/{other_application}/reject", "VAO", {"reason": "too far"}, APPLICATION),
    Row("POST", "/projects/{other_project}/close", "VAO", None, PROJECT),
    Row("POST", "/projects/{project}/assign", "VAO", {"applicationId": "$application"}, PROJECT),
    Row("POST", "/projects/{project}/complete", "VAO", None, PROJECT),
    Row("POST", "/projects", "VAORvr", {"title": "Shelves"}, PROJECT, 201, {"third_project": "id"}),
    Row("POST", "/projects/{third_project}/cancel", "VAO", {"reason": "no room"}, PROJECT),
    Row("POST", "/admin/credits/refund-project/{third_project}", "A", None, "projectId refundsProcessed"),
    Row(
        "GET",
        "/admin/credits/transactions?limit=1&type=PURCHASE",
        "AO",
        None,
        "page limit total items | items: userId transaction",
    ),
    Row("GET", "/admin/credits/transactions?sort=anything", "AO", None, "VALIDATION_ERROR", 422),
    Row("GET", "/admin/credits/user/{F_user}", "AO", None, "userId balance"),
    Row("GET", "/admin/credits/user/{nobody}", "AO", None, "USER_NOT_FOUND", 404),
    Row("GET", "/admin/credits/analytics", "AO", None, "circulation revenue byType daily topUsers packages breakage"),
    Row("GET", "/admin/credits/settings", "A", None, "current history"),
    Row("PUT", "/admin/credits/settings", "A", {"signupBonus": 5}, "current history"),
    Row("GET", "/admin/credits/packages", "A", None, "packages", 200, {"packages": "packages"}),
    Row("PUT", "/admin/credits/packages", "A", {"packages": "$packages"}, "packages: id name credits popular"),
    Row(
        "POST",
        "/admin/credits/adjust",
        "A",
        {"userId": "$F_user", "credits": -1, "reason": "taken back by hand"},
        "transactionId balanceBefore balanceAfter",
        201,
    ),
    Row(
        "POST",
        "/admin/credits/adjust",
        "A",
        {"userId": "$F_user", "credits": -1001, "reason": "taken back by hand"},
        "INVALID_ADJUSTMENT",
        422,
    ),
    Row(
        "POST",
        "/admin/credits/adjust",
        "A",
        {"userId": "$F_user", "credits": -999, "reason": "taken back by hand"},
        "NEGATIVE_BALANCE",
        409,
    ),
    Row(
        "POST",
        "/admin/credits/adjust",
        "A",
        {"userId": "$F_user", "credits": 1000, "reason": "given by hand, too much"},
        "MAX_BALANCE_EXCEEDED",
        422,
    ),
    Row(
        "POST",
        "/admin/credits/adjust",
        "A",
        {"userId": "$A_user", "credits": 1, "reason": "given to oneself"},
        "INVALID_ADJUSTMENT",
        422,
    ),
    Row("GET", "/admin/credits/export", "AO", None, "text/csv"),
]

JOBS = [
    Row("GET", "/admin/jobs?state=failed", "AO", None, "schedules queue jobs"),
    Row("GET", "/admin/jobs?state=FAILED", "AO", None, "schedules queue jobs"),
    Row("POST", "/admin/jobs/reminders/run", "AO", {"dryRun": True}, "name state outcome"),
    Row("POST", "/admin/jobs/insights/run", "AO", None, "name state outcome"),
    Row("POST", "/admin/jobs/nothing/run", "AO", None, "JOB_NOT_FOUND", 404),
    Row("POST", "/admin/jobs/999999/retry", "AO", None, "NOT_FOUND", 404),
    Row("POST", "/admin/jobs/999999/discard", "AO", None, "NOT_FOUND", 404),
]

TABLE = [*SIGN_IN, *PEOPLE_AND_GOODS, *ORDERS, *WHATSAPP, *CREDIT, *PREPAID, *JOBS]

NOT_PROMISED = {
    "GET /admin/api-keys",
    "GET /admin/credit/retailer/{}/statement",
    "GET /admin/guardrails/overrides",
    "GET /admin/payment/claims",
    "GET /admin/products/{}/aliases",
    "GET /admin/routing/weights",
    "GET /admin/users",
    "GET /credits/purchases/{}/receipt",
    "GET /orders/{}/routing",
    "GET /projects/{}/applications",
    "POST /admin/api-keys",
    "POST /admin/api-keys/{}/revoke",
    "POST /admin/credit/debits/{}/dispute",
    "POST /admin/credit/debits/{}/resolve",
    "POST /admin/credits/refund-application/{}",
    "POST /admin/payment/claims/{}/close",
    "POST /admin/products/{}/aliases/forget",
    "POST /admin/users",
    "POST /admin/users/{}/sign-out",
    "POST /admin/users/{}/suspend",
    "POST /auth/logout-all",
    "POST /auth/password",
    "POST /credits/verify-esewa",
    "PUT /admin/routing/weights",
}

# Ids that others hand out.
FOREIGN_IDS = {"messageId", "orderId", "keyId", "paymentId", "providerUserId", "providerMessageId", "requestId"}
RUPEES = """amount amountPaid amountDue availableCredit avgOrderValue balance basePrice bidAmount budget change closing
    creditLimit deMinimis fixedPrice heldCredit listPrice maxOrderValue net newUsedCredit opening overdue overLimit
    paidAhead perCredit price remaining savings subtotal tax total totalOutstanding totalSpent unapplied
    unitPrice usedCredit 0-7 8-14 15-30 30+"""
# Where these mean whole credits, or how many there are.
NOT_RUPEES = re.compile(
    r"^/(credits/(balance|history)|admin/credits/(user|transactions)|admin/insights/regenerate-all)"
)


class World:
    """Who calls, and what is known by which name."""

    def __init__(self, shop: Shop, headers: dict[str, dict[str, str]], names: dict[str, Any]) -> None:
        self.shop, self.headers, self.names = shop, headers, names

    async def ask(self, row: Row, role: str) -> httpx.Response:
        content, media_type = None, "application/json"
        if isinstance(row.body, bytes):
            content, media_type = row.body, "text/csv"
        elif row.body is not None:
            content = json.dumps(self.filled(row.body)).encode()
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": media_type, **self.headers.get(role, {})}
        return await self.shop.client.request(
            row.method, "/api/v1" + row.path.format(**self.names), content=content, headers=headers
        )

    def filled(self, body: Any) -> Any:
        if isinstance(body, dict):
            return {name: self.filled(value) for name, value in body.items()}
        if isinstance(body, list):
            return [self.filled(one) for one in body]
        return self.names[body[1:]] if isinstance(body, str) and body.startswith("$") else body


@pytest.fixture
async def world(
    open_shop: OpenShop,
    make_user: MakeUser,
    make_vendor: MakeVendor,
    make_retailer: MakeRetailer,
    bearer_of: BearerOf,
) -> Any:
    """A shop, a wholesaler, a freelancer, one more of each, an admin and an operator; nothing else."""
    people: dict[str, Any] = {
        "A": await make_user(role=ActorRole.ADMIN),
        "O": await make_user(role=ActorRole.OPERATOR),
        "V": await make_vendor(locale=Locale.EN),
        "v": await make_vendor(),
        "R": await make_retailer(locale=Locale.EN),
        "r": await make_retailer(),
        "F": await make_user(role=ActorRole.FREELANCER),
        "f": await make_user(role=ActorRole.FREELANCER),
    }
    names = {f"{role}_id": str(one.id) for role, one in people.items() if role in "VvRr"}
    names |= {f"{role}_user": str(one.id) for role, one in people.items() if role in "AOFf"}
    names["period"] = "from=2026-01-01T00:00:00%2B05:45&to=2090-01-01T00:00:00Z"
    names |= {"nobody": str(uuid4()), "now": clock.now().isoformat(), "today": clock.business_day().isoformat()}
    async with open_shop() as shop:
        yield World(shop, {role: await bearer_of(one) for role, one in people.items()}, names)


async def test_every_name_is_as_promised(world: World, database: Database) -> None:
    """[X1] [X3] [X10] Every call of the table: who may not is refused, who may gets the fields by their names."""
    for shop in ("R_id", "r_id"):
        opened = Row("POST", "/admin/credit/accounts", "A", {"retailerId": f"${shop}", "creditLimit": 20_000}, "", 201)
        assert (await world.ask(opened, "A")).status_code == 201
    let_in: list[str] = []
    before: dict[str, Callable[[World], Awaitable[None]]] = {"/credits/verify-payment": _pay}
    for row in TABLE:
        if row.path in before:
            await before.pop(row.path)(world)
        for role in EVERYBODY if row.roles != OPEN else "":
            if role not in row.roles:
                answer = await world.ask(row, role)
                if (answer.status_code, _code(answer)) != (403, "FORBIDDEN"):
                    let_in.append(f"{role} at {row.method} {row.path}: {answer.text[:200]}")
        if row.roles != OPEN:
            assert (await world.ask(row, OPEN)).status_code == 401, row
        answer = await world.ask(row, row.roles[0])
        told = f"{row.method} {row.path} -> {answer.status_code} {answer.text[:600]}"
        assert answer.status_code == row.status, told
        if row.answer == "text/csv":
            assert answer.headers["content-type"].startswith("text/csv"), told
            continue
        _judge(row, json.loads(answer.text, parse_float=Decimal), told)
        for name, place in row.save.items():
            world.names[name] = _at(answer.json()["data"], place)
    assert let_in == [], "\n".join(let_in)
    await assert_books_hold(database)


async def test_the_table_has_every_call_there_is(client: httpx.AsyncClient) -> None:
    """[X2] What the description names is in the table, or among what no outside client was promised."""
    document = (await client.get("/docs/openapi.json")).json()
    described = {
        f"{method.upper()} {_shape(path.removeprefix('/api/v1'))}"
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    }
    assert described - {f"{row.method} {_shape(row.path)}" for row in TABLE} == NOT_PROMISED


def _shape(path: str) -> str:
    path = re.sub(r"/(\+\d+|999999|(reminders|insights|nothing)(?=/run))", "/{}", path.partition("?")[0])
    return re.sub(r"\{\w+\}", "{}", path)


async def _pay(world: World) -> None:
    proof = await world.shop.pay(world.names["purchase"])
    world.names |= {"payment": proof["razorpayPaymentId"], "signature": proof["razorpaySignature"]}


def _code(answer: httpx.Response) -> str:
    return str(answer.json().get("error", {}).get("code"))


def _judge(row: Row, answer: dict[str, Any], told: str) -> None:
    if row.status >= 400:
        assert set(answer) == {"success", "error", "requestId"}, told
        assert {"code", "message"} <= set(answer["error"]) <= {"code", "message", "details", "retryable"}, told
        assert (answer["success"], answer["error"]["code"]) == (False, row.answer), told
        return
    assert answer["success"] is True, told
    assert {"success", "data"} <= set(answer) <= {"success", "data", "message"}, told
    for part in filter(None, row.answer.split(" | ")):
        place, _, fields = part.rpartition(":")
        found = _at(answer["data"], place)
        assert found != [], f"nothing at {place!r}: {told}"
        found = found[0] if isinstance(found, list) else found
        assert set(fields.split()) <= set(found), f"{set(fields.split()) - set(found)} missing at {place!r}: {told}"
    _require_types(answer["data"], row.path, told)


def _at(data: Any, place: str) -> Any:
    for step in filter(None, place.strip().split(".")):
        data = data[int(step)] if step.isdigit() else data[step]
    return data


def _require_types(value: Any, path: str, told: str, name: str = "") -> None:
    """Rupees are numbers of at most two decimals, ids are UUIDs, times have an offset; wherever they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _require_types(inner, path, told, key)
    elif isinstance(value, list):
        for inner in value:
            _require_types(inner, path, told, name)
    elif value is None:
        return
    elif name in RUPEES.split() and NOT_RUPEES.match(path) is None and not (name == "total" and isinstance(value, int)):
        assert isinstance(value, Decimal), f"{name} is {value!r}: {told}"
        assert value == value.quantize(Decimal("0.01")), f"{name} is {value!r}: {told}"
    elif (name == "id" and isinstance(value, str)) or (name.endswith("Id") and name not in FOREIGN_IDS):
        UUID(value)
    elif name.endswith("At") or name == "statusSince":
        assert datetime.fromisoformat(value).tzinfo is not None, f"{name} is {value!r}: {told}"
    elif name in ("dueDate", "dueOn", "date"):
        date.fromisoformat(value)
