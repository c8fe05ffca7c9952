"""The texts that lie in a server's folder."""

import json
import sys


def python():
    """Return the Python by which it was proven."""
    return f"Python {sys.version_info.major}.{sys.version_info.minor}"


def settings(keys):
    """Return keys of ``mesic serve`` as YAML."""
    lines = ["# Keys of mesic serve; what is typed behind artefact= wins."]
    return "\n".join([*lines, *(f"{name}: {json.dumps(value)}" for name, value in keys.items())]) + "\n"


def requirements(lines, *, has_wheels, said="the versions by which the answers were proven"):
    """Return what pip reads."""
    head = [f"# {python()}; {said}"]
    return "\n".join([*head, *(["--find-links wheels"] if has_wheels else []), *lines]) + "\n"


def dockerfile(port, rpc):
    """Return how an image is built: packages in one stage, nothing but these and the folder in the next."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ports = f"{port}" if rpc is None else f"{port} {rpc}"
    return DOCKERFILE.format(version=version, port=port, ports=ports)


def readme(release, keys, parts):
    """Return what people read first."""
    port, told = keys["port"], {"port": keys["port"], "rpc": keys["grpc_port"]}
    told["ports"] = " ".join(f"-p {one}:{one}" for one in told.values() if one is not None)
    until = f", until {release.expires}" if release.expires else ""
    return f"""\
# {release.version}{until}

Bundle {release.bundle}, with the proof that this folder answers as it does.

```
pip install -r requirements.txt
mesic serve artefact=. 'token=${{oc.env:TOKEN}}'
```

It listens on port {port} of this machine only; `host=0.0.0.0` lets others ask. Every key that `mesic serve --help`
lists may follow. `mesic check artefact=.` makes the proof again.

```
curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{{...}}' http://127.0.0.1:{port}/predict
```

`openapi.json` says what a row is; http://127.0.0.1:{port}/docs is a page on which to try one.
{"".join(PARTS[part].format(**told) for part in parts)}"""


DOCKERFILE = """\
# Packages are installed here; compilers and pip's leftovers stay behind.
FROM python:{version}-slim AS build
WORKDIR /build
COPY . .
RUN python -m venv /opt/mesic && /opt/mesic/bin/pip install --no-cache-dir -r requirements.txt

FROM python:{version}-slim
# LightGBM needs OpenMP.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/mesic /opt/mesic
COPY . /artefact
ENV PATH=/opt/mesic/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# No name, no shell, no home. The server writes to /tmp only; nothing is fetched when it runs.
USER 10001:10001
WORKDIR /tmp
EXPOSE {ports}
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import urllib.request as u; \
u.urlopen('http://127.0.0.1:{port}/ready', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["mesic", "serve", "artefact=/artefact", "host=0.0.0.0", "port={port}", "token=${{oc.env:TOKEN,null}}"]
"""
IGNORED = """\
# Whatever the manifest lists goes into the image, for the server verifies it.
.git
**/__pycache__
**/.DS_Store
"""
PARTS = {
    "grpc_port": """
## gRPC
It listens on port {rpc}. `predictor.proto` makes a client in any language; the server tells its messages by reflection,
and its health by `grpc.health.v1`. The token is sent as metadata, `authorization: Bearer ...`.
""",
    "dockerfile": """
## As a container
```
docker build -t model .
docker run --rm --read-only --tmpfs /tmp --cap-drop ALL -e TOKEN {ports} model
```
""",
    "serverless": """
## Without a server
`serverless.zip` holds `handler.handler(event, context)` for events of AWS's gateways (formats 1.0 and 2.0) and function
URLs; `handler.handler.predict(row)` answers a row. Callers must send the token in the environment's `MESIC_TOKEN`, if
set.
```
pip install --no-deps --target packages -r requirements-serverless.txt
```
""",
}
