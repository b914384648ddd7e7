"""Asking the DNS: one resolver, one cache, and one for tests that knows its answers by heart."""
