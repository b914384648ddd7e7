"""Who sent it: SPF, DKIM, ARC and DMARC of what comes in; signatures and TLS of what goes out."""
