"""The three stacks of an environment: what must outlive everything, what works, who watches."""
