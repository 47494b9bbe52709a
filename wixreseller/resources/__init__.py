"""Gather the resources of the async client."""
