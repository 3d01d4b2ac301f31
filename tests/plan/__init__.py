"""Specifications of the plan loader."""
