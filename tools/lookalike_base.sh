#!/bin/sh
# lookalike_base.sh 3.12 [PYTHON]: makes an image like python:3.12-slim from Debian's packages and an interpreter of this machine.
# Only for machines on which the real one cannot be pulled; needs root, debootstrap, docker or podman. Then:
#     make build_3_12 BUILD_ARGS="--network host --build-arg BASE=lookalike:3.12"
set -eu
version="$1"
engine="${ENGINE:-docker}"
suite="$(. /etc/os-release && echo "$VERSION_CODENAME")"
mirror="$(sed -nE 's/^URIs: (.*\/debian\/?)$/\1/p; s/^deb ([^ ]*\/debian\/?) .*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -1)"
python="${2:-$(python3 -c "from numerai_predict.environments import interpreter; print(interpreter('$version'))")}"
prefix="$("$python" -c 'import sys; print(sys.base_prefix)')"
if [ "$prefix" = /usr ]; then
    echo "$python is the system's own; name one with a folder of its own: lookalike_base.sh $version PYTHON" >&2
    exit 1
fi

root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates,netbase,tzdata,libssl3,libffi8,libbz2-1.0,liblzma5,libsqlite3-0,libreadline8,libexpat1,zlib1g,libuuid1 \
    "$suite" "$root" "$mirror" > /dev/null
cp -r "$prefix/bin" "$prefix/lib" "$prefix/include" "$root/usr/local/"
find "$root/usr/local" \( -name test -o -name tests -o -name __pycache__ -o -name idlelib \) -type d -prune -exec rm -rf {} +
find "$root/usr/local" \( -name '*.a' -o -name '*.pth' \) -delete
rm -rf "$root/usr/local/lib/python$version/site-packages/"*
cp -r "$prefix/lib/python$version/site-packages/"pip* "$root/usr/local/lib/python$version/site-packages/"
printf '#!/usr/local/bin/python%s\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n' "$version" \
    > "$root/usr/local/bin/pip"
chmod 755 "$root/usr/local/bin/pip"
ln -sf "python$version" "$root/usr/local/bin/python3"
ln -sf "python$version" "$root/usr/local/bin/python"
chroot "$root" ldconfig
# What this machine trusts and where it finds packages, a build needs as well; a real base brings its own.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp /etc/apt/sources.list "$root/etc/apt/" 2> /dev/null || true
cp -r /etc/apt/sources.list.d "$root/etc/apt/" 2> /dev/null || true
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
tar -C "$root" -c . | "$engine" import - "lookalike:$version"
