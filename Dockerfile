# The image of a Python service, and of the platform's own programs (SERVICE=platform: Schema Registry, provisioning).
# All share every layer: `docker build --build-arg SERVICE=orders .`, or `shop-dev build orders`, whose images are the same bit by bit
# wherever they are built.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
COPY infra/images/requirements.lock /build/
RUN python -m pip install --target /packages --no-compile --no-deps --only-binary :all: --require-hashes -r /build/requirements.lock
COPY infra/images/slim.py /build/
# Compiled ahead, and valid whatever the files' times are: nothing is written when a service starts, and nothing can be. One process
# compiles, for what it writes depends a little on what it has compiled before.
RUN python /build/slim.py packages /packages \
 && python -m compileall -q --invalidation-mode unchecked-hash /packages
COPY sandbox /shop/sandbox
COPY services /shop/services
COPY contracts /shop/contracts
COPY infra/images/sbom.cdx.json /shop/sbom.cdx.json
RUN python -m compileall -q --invalidation-mode unchecked-hash /shop && mkdir -p /var/lib/shop

# Python and the system below it, without what installs, builds or documents.
FROM ${PYTHON} AS system
COPY infra/images/slim.py /build/
RUN python -B /build/slim.py system / && rm -rf /build

FROM scratch
COPY --from=system / /
COPY --from=packages /packages /packages
COPY --from=packages /shop /shop
# What provisioning tells to services is kept in a volume here, which takes its owner from this folder.
COPY --from=packages --chown=10001:10001 /var/lib/shop /var/lib/shop
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    PYTHONPATH=/shop/sandbox:/shop/services:/shop/contracts:/packages \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1 MALLOC_ARENA_MAX=2 \
    PORT=8080 LISTEN_ADDRESS=0.0.0.0
WORKDIR /shop
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["python", "-I", "-S", "-c", \
  "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); c.request('GET', '/ready'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "shop_sandbox.engines.docker.inside.run"]

ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG INPUTS=unknown
LABEL org.opencontainers.image.title="${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      dev.shop-dev.inputs="${INPUTS}" \
      dev.shop-dev.sbom="/shop/sbom.cdx.json"
