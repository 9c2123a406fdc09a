-- Roles and databases of EchoPulse. A superuser runs this once, with psql 15 or later, before the first migration. Passwords
-- come from the environment, where other users of the computer do not see them:
--
--     SERVER_PASSWORD=… CHAT_PASSWORD=… MIGRATOR_PASSWORD=… psql -f roles.sql
--
-- It may be run again: what exists is left as it is, but passwords are set anew.
--
-- Each service has a database of its own and a login that may read and write its rows and nothing else. Tables belong to an
-- owner without a login. Whoever migrates has a login of its own and acts as the owner (`SET ROLE`): no running service can
-- change a schema, and neither service can connect to the other's database.

\set ON_ERROR_STOP on
\getenv server_password SERVER_PASSWORD
\getenv chat_password CHAT_PASSWORD
\getenv migrator_password MIGRATOR_PASSWORD

-- The server's log is not to hold passwords, even if it logs statements.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

SELECT 'CREATE ROLE ' || name || ' ' || kind FROM (VALUES
    ('server_owner', 'NOLOGIN'), ('chat_owner', 'NOLOGIN'),
    ('server_svc', 'LOGIN'), ('chat_svc', 'LOGIN'), ('echopulse_migrator', 'LOGIN NOINHERIT')) AS wanted (name, kind)
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

ALTER ROLE server_svc PASSWORD :'server_password';
ALTER ROLE chat_svc PASSWORD :'chat_password';
ALTER ROLE echopulse_migrator PASSWORD :'migrator_password';
GRANT server_owner, chat_owner TO echopulse_migrator;

SELECT 'CREATE DATABASE ' || name || ' OWNER ' || owner || ' TEMPLATE template0 ENCODING ''UTF8'''
FROM (VALUES ('echopulse_server', 'server_owner'), ('echopulse_chat', 'chat_owner')) AS wanted (name, owner)
WHERE name NOT IN (SELECT datname FROM pg_database) \gexec

REVOKE ALL ON DATABASE echopulse_server FROM PUBLIC;
REVOKE ALL ON DATABASE echopulse_chat FROM PUBLIC;
GRANT CONNECT ON DATABASE echopulse_server TO server_svc, echopulse_migrator;
GRANT CONNECT ON DATABASE echopulse_chat TO chat_svc, echopulse_migrator;

\connect echopulse_server
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO server_svc;
ALTER DEFAULT PRIVILEGES FOR ROLE server_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO server_svc;

\connect echopulse_chat
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO chat_svc;
ALTER DEFAULT PRIVILEGES FOR ROLE chat_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO chat_svc;
