"""Structured logs: JSON in production, readable lines in development, nobody's words or number in either.

Whoever starts a piece of work binds its ids (`structlog.contextvars.bound_contextvars(request_id=…, job=…,
contact_id=…, order_id=…)`), and every line below carries them, those of libraries too.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from khaacho.settings import Settings

# What people wrote and what opens doors: never logged, whoever passes it.
HIDDEN_FIELDS = frozenset(
    {"body", "text", "message_body", "raw", "payload", "password", "secret", "token", "one_time_code", "authorization"}
)
HIDDEN = "[hidden]"
# Phone numbers by the fields that hold them, and by their look in any other words, tracebacks included.
PHONE_FIELDS = frozenset({"phone", "phone_number", "to", "from", "address", "sender", "recipient"})
_PHONE = re.compile(r"(?<![\w-])(?:\+\d[\d ]{7,16}\d|(?:977)?9[678]\d{8})(?!\w)")
PHONE_DIGITS_SHOWN = 3

# Libraries that say at INFO what only matters when looking for a fault.
QUIET_LOGGERS = ("httpx", "httpcore", "alembic", "pgqueuer", "psycopg.pool", "uvicorn", "asyncio")


def configure_logs(settings: Settings) -> None:
    """Send our own lines and those of every library through one chain to standard output. Called once per process."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        hide_people,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What is below the level is dropped before anything is gathered for it.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def hide_people(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Drop what people wrote and shorten phone numbers, in fields and inside sentences."""
    return {name: _safe(name, value) for name, value in event.items()}


def mask_phone(phone: str) -> str:
    """Enough to recognise a number one already knows: '+9779812345678' → '…678'."""
    return "…" + phone[-PHONE_DIGITS_SHOWN:]


def _safe(name: str, value: Any) -> Any:
    if name in HIDDEN_FIELDS and value is not None:
        return HIDDEN
    if isinstance(value, str):
        if name in PHONE_FIELDS:
            return mask_phone(value)
        return _PHONE.sub(lambda found: mask_phone(found[0]), value)
    if isinstance(value, MutableMapping):
        return {str(inner): _safe(str(inner), item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe(name, item) for item in value]
    return value


def _renderer(settings: Settings) -> Processor:
    if settings.in_production:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
