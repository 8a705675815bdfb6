"""DynamoDB items, a module a table: each loads the declarations of its own rows alone."""
