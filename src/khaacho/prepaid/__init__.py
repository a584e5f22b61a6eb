"""Prepaid credits: bought, given, spent and given back, with the payment gateways behind them."""
