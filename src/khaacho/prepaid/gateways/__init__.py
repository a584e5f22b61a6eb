"""Payment gateways: what each must be able to do, and one adapter per gateway."""
