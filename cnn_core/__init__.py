"""Convscope's subject: small convnets, trained and opened. Runs in a notebook, a test or a worker; knows no screen."""
