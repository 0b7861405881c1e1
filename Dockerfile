# The image of watcher.  Build it with: make image
#
# Pin the base by digest in your own builds (`docker buildx imagetools inspect debian:trixie-slim` shows it):
#   --build-arg BASE=debian:trixie-slim@sha256:...
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src

# What builds, in an environment of its own that stays behind; what runs, without pip.
COPY requirements.image.lock requirements.runtime.lock ./
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements.image.lock \
 && python3 -m venv --without-pip /opt/watcher \
 && /opt/build/bin/pip --python /opt/watcher/bin/python install --quiet --require-hashes --only-binary :all: \
      --no-compile -r requirements.runtime.lock

COPY pyproject.toml README.md LICENSE ./
COPY watcher watcher
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /opt/wheel . \
 && /opt/build/bin/pip --python /opt/watcher/bin/python install --quiet --no-deps --no-compile /opt/wheel/*.whl \
 && /opt/build/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
      --output-file /opt/watcher/sbom.json /opt/watcher/bin/python

# Typed models and endpoints of the Kubernetes client: generated, nine tenths of what is installed, and never imported
# here, since objects are read as plain JSON.  tests/image keeps it so.  Then everything is compiled: the root is
# read-only where it runs.
RUN find /opt/watcher/lib -path '*/kubernetes/*/models/*.py' ! -name __init__.py -delete \
 && find /opt/watcher/lib -path '*/kubernetes/*/api/*.py' ! -name __init__.py -delete \
 && /opt/watcher/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/watcher/lib

FROM ${BASE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client openssl python3 tzdata \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt /var/cache/debconf/*-old \
 && echo 'watcher:x:65532:' >> /etc/group \
 && echo 'watcher:x:65532:65532::/var/lib/watcher:/usr/sbin/nologin' >> /etc/passwd \
 && install --directory --owner 65532 --group 65532 /var/lib/watcher
COPY --from=build /opt/watcher /opt/watcher

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="watcher" \
      org.opencontainers.image.description="Finds bad releases in Prometheus and undoes them in Kubernetes by itself" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

ENV PATH=/opt/watcher/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/var/lib/watcher \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WATCHER_CONFIG=/etc/watcher/thresholds.yaml \
    WATCHER_STORE=/var/lib/watcher/decisions.db \
    WATCHER_GIT_CACHE=/var/lib/watcher/git-cache
USER 65532:65532
WORKDIR /var/lib/watcher
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["watcher"]
CMD ["run"]
