# newsieve as an image: docker build -t newsieve .
#
# Another base, such as a mirror's or a hardened one:  --build-arg BASE=…   (it needs python3, 3.11 or later, with venv)
# A network with its own package index or certificates: --secret id=pip,src=pip.conf --secret id=ca,src=bundle.pem
#   (in that pip.conf, the bundle is /run/secrets/ca); neither stays in the image.
ARG BASE=python:3.13-slim

FROM ${BASE} AS locked
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# pip stays in an environment of its own, so that it is not in the one that ships.
RUN python3 -m venv pip && python3 -m venv --without-pip /opt/libraries
# pycld2 has wheels for x86-64 alone; elsewhere it is compiled, and the compiler stays in this stage.
RUN [ "$(uname -m)" = x86_64 ] || (apt-get update && apt-get install --yes --no-install-recommends g++)
COPY requirements.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    pip/bin/pip --python /opt/libraries install --require-hashes -r requirements.lock

FROM locked AS project
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY streams streams
COPY scripts scripts
RUN pip/bin/pip --python /opt/libraries install --target /opt/newsieve --no-deps --no-build-isolation .

# The build backend came with the lock and has done its work. The libraries' own tests, 60 MB, are for their authors.
FROM locked AS libraries
RUN pip/bin/pip --python /opt/libraries uninstall --yes hatchling editables \
    && find /opt/libraries -type d -name tests -prune -exec rm -r {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="newsieve" \
      org.opencontainers.image.licenses="Apache-2.0"
# Two layers: a new newsieve on the same libraries is a small one.
COPY --from=libraries /opt/libraries /opt/libraries
COPY --from=project /opt/newsieve /opt/newsieve
# A number rather than a name: it needs no entry in the base's /etc/passwd, and Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /tmp
# Nothing is written but to /tmp, so that the root can be read-only; the home folder is there for libraries that ask.
ENV PATH=/opt/newsieve/bin:/opt/libraries/bin:$PATH PYTHONPATH=/opt/newsieve HOME=/tmp \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["newsieve"]
CMD ["--help"]
