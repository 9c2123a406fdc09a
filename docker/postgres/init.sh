#!/usr/bin/env bash
# Run once by the image, on an empty data folder: the databases of both services and of Keycloak.
set -euo pipefail

run() {
    psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres
}

# Passwords go in by the standard input: an argument list is for everybody to read. They are letters and digits.
database() {
    { printf "\\set name %s\n\\set owner_password '%s'\n\\set service_password '%s'\n" "$1" "$2" "$3"
      cat /etc/echopulse/database.sql
    } | run
}

database server "$SERVER_OWNER_PASSWORD" "$SERVER_DATABASE_PASSWORD"
database chat "$CHAT_OWNER_PASSWORD" "$CHAT_DATABASE_PASSWORD"
run <<SQL
CREATE ROLE keycloak LOGIN PASSWORD '$KEYCLOAK_DATABASE_PASSWORD';
CREATE DATABASE keycloak OWNER keycloak;
REVOKE ALL ON DATABASE keycloak FROM PUBLIC;
SQL
