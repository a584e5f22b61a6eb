"""Which gateways this process speaks to, from the settings."""

from __future__ import annotations

from khaacho.credits_errors import GatewayNotConfigured
from khaacho.prepaid.gateways.esewa import EsewaGateway
from khaacho.prepaid.gateways.port import GatewayName, Gateways, PaymentGateway
from khaacho.prepaid.gateways.razorpay import RazorpayGateway
from khaacho.settings import Settings


def open_gateways(settings: Settings) -> Gateways:
    """The gateways whose credentials are set."""
    gateways: dict[GatewayName, PaymentGateway] = {}
    if settings.razorpay_key_id and settings.razorpay_key_secret:
        gateways[GatewayName.RAZORPAY] = RazorpayGateway(settings)
    if settings.esewa_product_code and settings.esewa_secret_key:
        gateways[GatewayName.ESEWA] = EsewaGateway(settings)
    return gateways


def require_gateway(gateways: Gateways, name: GatewayName) -> PaymentGateway:
    """The gateway. Raises GatewayNotConfigured."""
    gateway = gateways.get(name)
    if gateway is None:
        raise GatewayNotConfigured(gateway=name.value)
    return gateway
