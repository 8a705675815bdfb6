"""The rules: no AWS, no I/O, no clock. Whatever is here can be read as a sentence of the product."""
