#!/usr/bin/env bash
# Prints the Secrets sophia-secrets and sophia-scrape, made new; nothing is kept. The API key is told on stderr, once.
#   deploy/secrets.sh dev | kubectl apply -f -
#   POSTGRES='Host=…;Username=…;Password=…;Database=…' REDIS='host:6379,password=…' deploy/secrets.sh gh200 | kubectl apply -f -
# TENANT is whose data the key reaches (main); SNOWFLAKE the connection string of an account, where there is one.
set -euo pipefail
random() { head -c "$1" /dev/urandom | od -An -vtx1 | tr -d ' \n'; }
# As a quoted YAML scalar of base64, so that no character of a password has a meaning.
entry() { printf '  %s: "%s"\n' "$1" "$(printf %s "$2" | base64 | tr -d '\n')"; }

case "${1:-}" in
  dev)
    postgres_password=$(random 24) redis_password=$(random 24)
    postgres="Host=postgres;Username=sophia;Password=$postgres_password;Database=sophia"
    redis="redis:6379,password=$redis_password" ;;
  gh200)
    postgres=${POSTGRES:?"Set POSTGRES to the connection string of your PostgreSQL."}
    redis=${REDIS:?"Set REDIS to the connection string of your Redis."} ;;
  *) echo "Usage: deploy/secrets.sh dev|gh200" >&2; exit 2 ;;
esac

tenant=${TENANT:-main}
api_key=$(random 32) scrape_key=$(random 32)
echo "API key of tenant $tenant (read, write, admin), shown only now: $api_key" >&2
printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: sophia-secrets\n  namespace: sophia-ai-enhanced\ntype: Opaque\ndata:\n'
entry ConnectionStrings__postgres "$postgres"
entry ConnectionStrings__redis "$redis"
entry Sophia__ApiKeys__0__Name operator
entry Sophia__ApiKeys__0__Tenant "$tenant"
entry Sophia__ApiKeys__0__Hash "sha256:$(printf %s "$api_key" | sha256sum | cut -d' ' -f1)"
entry Sophia__ApiKeys__0__Scopes__0 read
entry Sophia__ApiKeys__0__Scopes__1 write
entry Sophia__ApiKeys__0__Scopes__2 admin
# Prometheus reads metrics, which takes an admin key, of a tenant that nobody else has: it reaches no records.
entry Sophia__ApiKeys__1__Name prometheus
entry Sophia__ApiKeys__1__Tenant monitoring
entry Sophia__ApiKeys__1__Hash "sha256:$(printf %s "$scrape_key" | sha256sum | cut -d' ' -f1)"
entry Sophia__ApiKeys__1__Scopes__0 admin
[ -z "${SNOWFLAKE:-}" ] || entry ConnectionStrings__snowflake "$SNOWFLAKE"
if [ "$1" = dev ]; then
  entry POSTGRES_PASSWORD "$postgres_password"
  entry REDIS_PASSWORD "$redis_password"
fi
# What Prometheus reads the API's metrics with; apart, so that it is in no process's environment.
printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: sophia-scrape\n  namespace: sophia-ai-enhanced\ntype: Opaque\ndata:\n'
entry key "$scrape_key"
