"""Khaacho: wholesale ordering on credit, over WhatsApp."""

__version__ = "0.1.0"
