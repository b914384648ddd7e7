"""The command ``vanthu``: what an operator and a clerk type."""

from gateway.cli.main import main as main
