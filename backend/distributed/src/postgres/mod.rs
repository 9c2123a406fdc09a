//! PostgreSQL: the durable stores of both services.
