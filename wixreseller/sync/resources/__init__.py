"""Offer the blocking calls on packages and product instances."""
