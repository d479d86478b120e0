"""Convscope as a server for many: the app with what an operator needs around it, and recipes for where it may run."""
