#!/bin/sh
# Starts Redis as a cache without a disk, with one user per service. Passwords are letters and digits.
set -eu
umask 077
rights=$(cat /etc/echopulse/rights.acl)
cat > /run/redis/users.acl <<ACL
user default off
user health on nopass resetchannels -@all +ping
user server on >$SERVER_REDIS_PASSWORD $rights
user chat on >$CHAT_REDIS_PASSWORD $rights
ACL
exec redis-server --bind 0.0.0.0 --protected-mode no --port 6379 --dir /run/redis --aclfile /run/redis/users.acl \
    --save "" --appendonly no --maxmemory 64mb --maxmemory-policy allkeys-lru
