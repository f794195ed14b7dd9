"""Derivatives: checking them against finite differences."""
