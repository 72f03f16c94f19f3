"""Payments: authorise, capture, void and refund, each once."""
