"""Leaving the house: export everything, delete the account."""
