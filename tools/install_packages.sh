#!/bin/sh
# Installs a directory's requirements.txt in its image; the Dockerfile explains TORCH_INDEX, LEAVE_OUT and ONLY.
set -eu
export UV_SYSTEM_CERTS=true  # as pip: a company's own certificates count, too

pip install --no-cache-dir --quiet --root-user-action ignore uv
install() { uv pip install --system --no-cache --no-deps --compile-bytecode "$@"; }

cp requirements.txt wanted.txt
leave_out="$LEAVE_OUT"
if [ -n "$TORCH_INDEX" ]; then
    # A CPU build needs none of CUDA. The lock stays as it is: the version is its.
    install --index-url "$TORCH_INDEX" "$(grep -oE '^torch==[^ ]+' requirements.txt)"
    leave_out="torch triton nvidia-* cuda-*"
fi
for name in $leave_out; do
    grep -vE "^$(echo "$name" | sed 's/\*$/[^ =]*/')==" wanted.txt > rest.txt
    mv rest.txt wanted.txt
done
if [ -n "$ONLY" ]; then
    grep -E "^($(echo "$ONLY" | tr ' ' '|'))==" wanted.txt > rest.txt
    mv rest.txt wanted.txt
fi
install -r wanted.txt
rm wanted.txt requirements.txt
pip uninstall --yes --quiet --root-user-action ignore uv
