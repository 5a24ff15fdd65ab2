#!/bin/sh
# lookalike_base.sh 3.12: makes an image like python:3.12-slim, lookalike:3.12, from Debian's packages and an interpreter
# of this machine, or, where there is none with a folder of its own, with Debian's Python of that version. Only for machines
# on which the real one cannot be pulled; needs root, debootstrap, docker or podman. tools/core_image.py calls it then. By
# hand:
#     make build_3_12 BUILD_ARGS="--network host --build-arg BASE=lookalike:3.12"
set -eu
version="$1"
engine="${ENGINE:-docker}"
mirror="$(sed -nE 's/^URIs: (.*\/debian\/?)$/\1/p; s/^deb ([^ ]*\/debian\/?) .*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -1)"
python="$(python3 -c "from numerai_predict.environments.interpreters import interpreter; print(interpreter('$version') or '')")"
prefix=""
[ -z "$python" ] || prefix="$("$python" -c 'import sys; print(sys.base_prefix)')"
release="$(. /etc/os-release && echo "$VERSION_CODENAME")"
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
bootstrap() { debootstrap --variant=minbase --include="ca-certificates,netbase,tzdata,$1" "$2" "$root" "$mirror" >&2; }

if [ -n "$prefix" ] && [ "$prefix" != /usr ]; then
    bootstrap libssl3,libffi8,libbz2-1.0,liblzma5,libsqlite3-0,libreadline8,libexpat1,zlib1g,libuuid1 "$release"
    cp -r "$prefix/bin" "$prefix/lib" "$prefix/include" "$root/usr/local/"
    find "$root/usr/local" \( -name test -o -name tests -o -name __pycache__ -o -name idlelib \) -type d -prune -exec rm -rf {} +
    find "$root/usr/local" \( -name '*.a' -o -name '*.pth' \) -delete
    rm -rf "$root/usr/local/lib/python$version/site-packages/"*
    cp -r "$prefix/lib/python$version/site-packages/"pip* "$root/usr/local/lib/python$version/site-packages/"
    chroot "$root" ldconfig
else
    [ -n "$prefix" ] || release=testing  # where the next Pythons are
    bootstrap "python$version,python3-pip-whl" "$release"
    rm -f "$root/usr/lib/python$version/EXTERNALLY-MANAGED"  # the official images take packages, too
    ln -s "/usr/bin/python$version" "$root/usr/local/bin/python$version"
    chroot "$root" sh -c "python$version -m zipfile -e /usr/share/python-wheels/pip-*.whl /usr/local/lib/python$version/dist-packages"
fi
printf '#!/usr/local/bin/python%s\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n' "$version" \
    > "$root/usr/local/bin/pip"
chmod 755 "$root/usr/local/bin/pip"
ln -sf "python$version" "$root/usr/local/bin/python3"
ln -sf "python$version" "$root/usr/local/bin/python"
# What this machine trusts a build needs as well; and a mirror's lists may be older than they want to be.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
echo 'Acquire::Check-Valid-Until "false";' > "$root/etc/apt/apt.conf.d/old-lists"
tar -C "$root" -c . | "$engine" import - "lookalike:$version"
