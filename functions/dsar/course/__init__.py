"""The way of a request: what is decided, proved, told, looked after and certified."""
