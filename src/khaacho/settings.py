"""Settings: typed, from the environment and `.env`, checked at start with one message that lists every fault."""

from __future__ import annotations

import secrets
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, HttpUrl, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from khaacho.clock import DEFAULT_WEEK_START, WEEKDAYS
from khaacho.errors import InvalidSettings

SECRET_LENGTH_MIN = 32


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Every setting the product reads. `.env.example` shows each with its default; a test keeps the two equal."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    database_url: str = Field("", alias="DATABASE_URL")
    data_dir: Path = Field(Path(".khaacho"), alias="KHAACHO_DATA_DIR")
    environment: Environment = Field(Environment.DEVELOPMENT, alias="KHAACHO_ENV")
    http_host: str = Field("127.0.0.1", alias="KHAACHO_HTTP_HOST")
    http_port: Port = Field(3000, alias="KHAACHO_HTTP_PORT")
    worker_port: Port = Field(10001, alias="KHAACHO_WORKER_PORT")
    secret_key: str = Field("", alias="KHAACHO_SECRET_KEY")
    public_url: str = Field("", alias="KHAACHO_PUBLIC_URL")
    timezone: str = Field("Asia/Kathmandu", alias="KHAACHO_TIMEZONE")
    week_start: str = Field(DEFAULT_WEEK_START, alias="KHAACHO_WEEK_START", pattern=f"^({'|'.join(WEEKDAYS)})$")
    simulator: Switch = Field(Switch.OFF, alias="KHAACHO_SIMULATOR")
    whatsapp_channel: str = Field("simulator", alias="KHAACHO_WHATSAPP_CHANNEL", pattern="^(simulator|twilio|cloud)$")
    database_connections: Annotated[int, Field(ge=2, le=64)] = Field(8, alias="KHAACHO_DATABASE_CONNECTIONS")
    body_limit_bytes: Annotated[int, Field(ge=1024)] = Field(1_048_576, alias="KHAACHO_BODY_LIMIT_BYTES")
    request_timeout_seconds: Annotated[float, Field(gt=0)] = Field(30.0, alias="KHAACHO_REQUEST_TIMEOUT_SECONDS")
    requests_per_minute: Annotated[int, Field(ge=0)] = Field(600_000, alias="KHAACHO_REQUESTS_PER_MINUTE")
    sign_ins_per_minute: Annotated[int, Field(ge=0)] = Field(600, alias="KHAACHO_SIGN_INS_PER_MINUTE")
    trusted_proxies: str = Field("127.0.0.1", alias="KHAACHO_TRUSTED_PROXIES")
    cors_origins: str = Field("", alias="KHAACHO_CORS_ORIGINS")
    log_level: str = Field("INFO", alias="KHAACHO_LOG_LEVEL", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    twilio_account_sid: str = Field("", alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: str = Field("", alias="TWILIO_AUTH_TOKEN")
    twilio_whatsapp_from: str = Field("", alias="TWILIO_WHATSAPP_FROM")
    twilio_base_url: str = Field("https://api.twilio.com", alias="TWILIO_BASE_URL")
    # Approved templates of a Twilio account have ids of its own: "order_request_en=HX…,order_request_ne=HX…".
    twilio_content_sids: str = Field("", alias="TWILIO_CONTENT_SIDS")
    meta_app_secret: str = Field("", alias="META_APP_SECRET")
    meta_verify_token: str = Field("", alias="META_VERIFY_TOKEN")
    meta_access_token: str = Field("", alias="META_ACCESS_TOKEN")
    meta_phone_number_id: str = Field("", alias="META_PHONE_NUMBER_ID")
    meta_base_url: str = Field("https://graph.facebook.com/v21.0", alias="META_BASE_URL")

    razorpay_key_id: str = Field("", alias="RAZORPAY_KEY_ID")
    razorpay_key_secret: str = Field("", alias="RAZORPAY_KEY_SECRET")
    razorpay_webhook_secret: str = Field("", alias="RAZORPAY_WEBHOOK_SECRET")
    # Still believed while a new secret is being put in place.
    razorpay_webhook_secret_previous: str = Field("", alias="RAZORPAY_WEBHOOK_SECRET_PREVIOUS")
    razorpay_base_url: str = Field("https://api.razorpay.com", alias="RAZORPAY_BASE_URL")
    esewa_product_code: str = Field("", alias="ESEWA_PRODUCT_CODE")
    esewa_secret_key: str = Field("", alias="ESEWA_SECRET_KEY")
    # eSewa takes payments at one host and answers questions at another.
    esewa_form_url: str = Field("https://epay.esewa.com.np/api/epay/main/v2/form", alias="ESEWA_FORM_URL")
    esewa_status_url: str = Field("https://esewa.com.np/api/epay/transaction/status", alias="ESEWA_STATUS_URL")
    payment_sandbox: Switch = Field(Switch.OFF, alias="KHAACHO_PAYMENT_SANDBOX")

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is not a time zone")
        return str(ZoneInfo(name))

    @field_validator(
        "twilio_base_url", "meta_base_url", "public_url", "razorpay_base_url", "esewa_form_url", "esewa_status_url"
    )
    @classmethod
    def _is_url(cls, url: str) -> str:
        if url:
            HttpUrl(url)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _secrets_suffice(self) -> Settings:
        if self.secret_key and len(self.secret_key) < SECRET_LENGTH_MIN:
            raise ValueError(f"KHAACHO_SECRET_KEY must have at least {SECRET_LENGTH_MIN} characters")
        if self.environment is Environment.PRODUCTION:
            missing = [
                name
                for name, value in (("KHAACHO_SECRET_KEY", self.secret_key), ("KHAACHO_PUBLIC_URL", self.public_url))
                if not value
            ]
            if missing:
                raise ValueError(f"in production these must be set: {', '.join(missing)}")
            if self.payment_sandbox_on:
                raise ValueError("in production KHAACHO_PAYMENT_SANDBOX must be off: it takes no money")
        return self

    @property
    def in_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def simulator_on(self) -> bool:
        return self.simulator is Switch.ON

    @property
    def payment_sandbox_on(self) -> bool:
        return self.payment_sandbox is Switch.ON

    @property
    def base_url(self) -> str:
        """What the outside calls us; webhook signatures are computed over it."""
        return self.public_url or f"http://{self.http_host}:{self.http_port}"

    @cached_property
    def secret(self) -> str:
        """The signing secret: the one given, or outside production one made once and kept in the data folder."""
        if self.secret_key:
            return self.secret_key
        kept = self.data_dir / "secret.key"
        if not kept.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48))
            try:
                kept.hardlink_to(fresh)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return kept.read_text().strip()


def load_settings(**overrides: object) -> Settings:
    """Read the environment. Raises InvalidSettings naming every fault at once."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or 'settings'}: {fault['msg']}" for fault in error.errors()
        ]
        raise InvalidSettings(faults=faults) from error
