"""PostgreSQL: the pool, transactions, rows and migrations. Imports nothing of the layers above."""
