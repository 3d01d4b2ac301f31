"""Overlays: confirm, help, notices."""
