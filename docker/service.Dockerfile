# syntax=docker/dockerfile:1
# Both services and the browser client, one target each: `docker build --target server --file docker/service.Dockerfile .`

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --all-features \
        --package echopulse-server-service --package echopulse-chat-service --package echopulse-web --bins \
    && mkdir /out \
    && cp target/release/echopulse-server-service target/release/echopulse-chat-service target/release/echopulse-web /out/

FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
EXPOSE 8080 9090

FROM base AS server
COPY --from=build /out/echopulse-server-service /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/echopulse-server-service"]

FROM base AS chat
COPY --from=build /out/echopulse-chat-service /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/echopulse-chat-service"]

FROM base AS web
COPY --from=build /out/echopulse-web /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/echopulse-web"]
