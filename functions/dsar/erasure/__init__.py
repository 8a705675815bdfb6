"""A person is forgotten, place by place."""
