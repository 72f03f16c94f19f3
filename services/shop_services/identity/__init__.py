"""Customers, their addresses and what they agreed to; whose sign-in is, is Cognito's business."""
