//! Kafka: hints to every node, and the stream of changes between the services.
