"""The pages about credit: risk, a retailer, statements, reminders."""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    "statement.month": "30 days",
    "statement.quarter": "90 days",
    "statement.year": "A year",
    "statement.all": "From the beginning",
    "statement.pdf": "PDF",
    "statement.csv": "CSV",
    "statement.entries": "What changed it",
    "statement.nothing_text": "Choose a longer time, or look from the beginning.",
}

NEPALI: dict[str, str] = {
    "statement.month": "३० दिन",
    "statement.quarter": "९० दिन",
    "statement.year": "एक वर्ष",
    "statement.all": "सुरुदेखि",
    "statement.pdf": "PDF",
    "statement.csv": "CSV",
    "statement.entries": "के के भयो",
    "statement.nothing_text": "लामो अवधि छान्नुहोस्, वा सुरुदेखि हेर्नुहोस्।",
}
